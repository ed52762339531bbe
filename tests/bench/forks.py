"""Many processes of the program, each ready in a moment: they are forked from one that has it all.

`python -m tests.bench.forks` imports the program, then forks a process for every order it reads:
a line of JSON with `arguments`, `environment`, `folder` and `log`, answered by the process's id.
It ends with its standard input, and its processes end with it.
"""

import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.bench.children import Child, open_child


class Forks:
    """Starts processes of the program."""

    def __init__(self, child: Child) -> None:
        self._child = child

    async def start(
        self, *arguments: str, environment: Mapping[str, str], folder: Path, log: Path
    ) -> int:
        """Run `footnote` with these arguments; the id of its process."""
        order = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(folder),
            "log": str(log),
        }
        return int(await self._child.ask(json.dumps(order)))


def is_alive(number: int) -> bool:
    """Whether the process is there, one that ended and is not yet collected left out."""
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] != "Z"


def kill(number: int, sign: signal.Signals) -> None:
    """Send a signal, where the process is still there."""
    with suppress(ProcessLookupError):
        os.kill(number, sign)


@asynccontextmanager
async def open_forks(module: str = "tests.bench.forks") -> AsyncIterator[Forks]:
    """The process that forks, with the program imported; `module` runs this one's `main`."""
    async with open_child(module) as child:
        yield Forks(child)


def main() -> None:
    from bot.cli import run

    gc.freeze()
    # Whoever ended is collected at once, without anybody waiting.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    children: list[int] = []
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_become(json.loads(line), run))
        children.append(child)
        print(child, flush=True)
    for child in children:
        kill(child, signal.SIGKILL)


def _become(order: Mapping[str, Any], run: Any) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code: int = run(order["arguments"])
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    main()
