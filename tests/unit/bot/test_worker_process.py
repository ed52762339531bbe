"""The process beside the receiver: let begin, ready, started anew, ended with its parent."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from bot.worker_process import WorkerFailed, WorkerProcess, attach_to_parent

READY = "import sys; sys.stdin.readline(); print('ready', flush=True); "
STAYS = READY + "sys.stdin.read()"


def write_program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


async def test_it_is_ready_once_it_was_let_begin_and_ends_when_asked() -> None:
    worker = WorkerProcess(write_program(STAYS))
    await worker.load()
    assert not worker.is_ready
    running = asyncio.create_task(worker.run())
    await worker.wait_until_ready()
    running.cancel()
    await asyncio.wait({running})
    await worker.close()
    assert not worker.is_ready
    await worker.close()


async def test_when_asked_to_end_it_may_end_in_order(tmp_path: Path) -> None:
    mark = tmp_path / "in-order"
    ends = (
        "import pathlib, signal; "
        f"signal.signal(signal.SIGTERM, lambda *_: pathlib.Path({str(mark)!r}).touch() or exit()); "
    )
    worker = WorkerProcess(write_program(ends + STAYS))
    await worker.load()
    running = asyncio.create_task(worker.run())
    await worker.wait_until_ready()
    running.cancel()
    await asyncio.wait({running})
    await worker.close()
    assert mark.exists()


async def test_one_that_ended_is_started_anew(tmp_path: Path) -> None:
    mark = tmp_path / "was-here"
    once = f"from pathlib import Path; p = Path({str(mark)!r}); "
    first_ends = READY + once + "p.exists() and sys.stdin.read(); p.touch()"
    worker = WorkerProcess(write_program(first_ends), pause=0.0)
    running = asyncio.create_task(worker.run())
    await worker.wait_until_ready()
    while worker.is_ready:
        await asyncio.sleep(0)
    await worker.wait_until_ready()
    assert mark.exists()
    running.cancel()
    await asyncio.wait({running})
    await worker.close()


async def test_one_that_never_becomes_ready_is_told() -> None:
    worker = WorkerProcess(write_program("import sys; sys.exit(1)"))
    with pytest.raises(WorkerFailed, match="log"):
        await worker.run()


def test_it_leaves_with_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    mine, parents = os.pipe()
    monkeypatch.setattr(sys, "stdin", os.fdopen(mine))
    monkeypatch.setattr(os, "nice", lambda _: 0)
    left: list[bool] = []
    os.write(parents, b"\n")
    thread = attach_to_parent(lambda: left.append(True))
    assert not left
    os.close(parents)
    thread.join()
    assert left == [True]
    sys.stdin.close()
