"""The process beside the receiver in which questions are answered.

An answer keeps a core busy, and what receives has to ack within milliseconds, so each has its own
process; the operating system lets the receiver go first (`GIVES_WAY`).
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from bot.errors import BotError

GIVES_WAY = 3
"""How much lower than the receiver's the worker's priority is, as in nice(2)."""

PAUSE = 1.0
"""Seconds until a worker that ended by itself is started again."""

_log = logging.getLogger(__name__)


class WorkerFailed(BotError):
    """The process that answers questions does not start; its log says why."""


class WorkerProcess:
    """Runs `command` and starts it anew whenever it ends.

    The command waits for a line on its standard input before it begins, so that it can load while
    the receiver connects; it prints a line when it is ready; and it ends with its standard input,
    so that it never outlives the receiver.
    """

    def __init__(self, command: Sequence[str], *, pause: float = PAUSE) -> None:
        self._command = command
        self._pause = pause
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Whether questions are answered now."""
        return self._ready.is_set()

    async def wait_until_ready(self) -> None:
        """Return once questions are answered."""
        await self._ready.wait()

    async def load(self) -> None:
        """Start the process, which loads and then waits for `run`."""
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=_hand_on_surroundings(),
        )

    async def run(self) -> None:
        """Keep it going until cancelled. Raises WorkerFailed where it never becomes ready."""
        was_ready = False
        while True:
            if self._process is None:
                await self.load()
            try:
                was_ready |= await self._follow()
            finally:
                self._ready.clear()
            if not was_ready:
                raise WorkerFailed
            _log.warning("The worker's process ended; it is started again")
            self._process = None
            await asyncio.sleep(self._pause)

    async def close(self) -> None:
        """Ask it to end in order, and wait until it has."""
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.terminate()
        # Not `communicate`, which from Python 3.12 on closes the input: then it leaves at once.
        assert process.stdout is not None  # noqa: S101  # asked for
        await process.stdout.read()
        await process.wait()
        self._process = None

    async def _follow(self) -> bool:
        """Let it begin, and wait until it has ended; whether it was ready."""
        process = self._process
        assert process is not None  # noqa: S101  # run has seen to it
        assert process.stdin is not None  # noqa: S101  # asked for
        assert process.stdout is not None  # noqa: S101  # asked for
        with suppress(ConnectionError):
            process.stdin.write(b"\n")
            await process.stdin.drain()
        if await process.stdout.readline():
            self._ready.set()
        was_ready = self._ready.is_set()
        await process.wait()
        return was_ready


def name_worker_command(*options: str) -> Sequence[str]:
    """`footnote work`, run by this interpreter from where this program was imported."""
    return (sys.executable, "-P", "-m", "bot", "work", "--attached", *options)


def _hand_on_surroundings() -> dict[str, str]:
    environment = dict(os.environ)  # noqa: TID251  # handed on, not read
    return environment | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def attach_to_parent(leave: Callable[[], object] = lambda: os._exit(1)) -> threading.Thread:
    """Wait until the parent lets us begin; from then on `leave` when it is gone, in a thread.

    At once and without ceremony, as everything is safe against that, and the parent's successor
    starts a worker of its own.
    """
    parent = sys.stdin.fileno()
    if not os.read(parent, 1):
        leave()
    os.nice(GIVES_WAY)

    def watch() -> None:
        # Not through sys.stdin, whose lock the interpreter wants when it ends.
        while os.read(parent, 1):
            continue
        leave()

    thread = threading.Thread(target=watch, name="parent", daemon=True)
    thread.start()
    return thread
