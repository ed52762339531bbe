"""A parser that works in child processes, so that no file can take the program down with it."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from retrieval.errors import DocumentUnreadable
from retrieval.model import Block, BlockKind, ParsedDocument, RawDocument, Span
from retrieval.parsing.child import REQUEST, RESPONSE

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """What one document may cost: bytes of memory, seconds of processor and of wall time.

    `response` bounds, in bytes, the text and structure that a document may come to.
    """

    memory: int = 2**30
    cpu_seconds: int = 20
    wall_seconds: float = 22.0
    response: int = 16 * 2**20


class _ProcessEnded(Exception):
    """A child ended instead of answering."""

    def __init__(self, code: int, *, was_used: bool) -> None:
        super().__init__(f"exit code {code}")
        self.code = code
        self.was_used = was_used


class ProcessParser:
    """Parses in up to `workers` child processes, which are started on demand and reused.

    An async context manager; `parse` may be called from many tasks at once.
    """

    def __init__(self, *, workers: int = 2, limits: ParserLimits | None = None) -> None:
        self._limits = limits or ParserLimits()
        self._slots = asyncio.Semaphore(workers)
        self._idle: list[Process] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        while self._idle:
            await _end_process(self._idle.pop())

    async def parse(self, raw: RawDocument) -> ParsedDocument:
        """Parse one document. Raises DocumentUnreadable with the reason."""
        async with self._slots:
            deadline = asyncio.get_running_loop().time() + self._limits.wall_seconds
            try:
                response = await self._parse_once(raw, deadline)
            except _ProcessEnded as ended:
                # a process that was not new may have died of something else than this file
                if not ended.was_used or ended.code == -signal.SIGXCPU:
                    raise DocumentUnreadable(self._explain_end(ended.code)) from ended
                response = await self._parse_anew(raw, deadline)
        return decode_document(response)

    async def _parse_anew(self, raw: RawDocument, deadline: float) -> bytes:
        while self._idle:
            await _end_process(self._idle.pop())
        try:
            return await self._parse_once(raw, deadline)
        except _ProcessEnded as ended:
            raise DocumentUnreadable(self._explain_end(ended.code)) from ended

    async def _parse_once(self, raw: RawDocument, deadline: float) -> bytes:
        process = self._idle.pop() if self._idle else None
        was_used = process is not None
        process = process or await self._start_process()
        try:
            async with asyncio.timeout_at(deadline):
                response, spent = await self._exchange(process, raw)
        except TimeoutError as error:
            await _end_process(process)
            raise DocumentUnreadable(
                f"The file takes more than {self._limits.wall_seconds:g} s to parse. Split it."
            ) from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise _ProcessEnded(await _await_end(process), was_used=was_used) from error
        except BaseException:
            await _end_process(process)
            raise
        if spent:
            await _end_process(process)
        else:
            self._idle.append(process)
        return response

    async def _start_process(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-s", "-B", "-m", "retrieval.parsing.child"),
            *(str(self._limits.memory), str(self._limits.cpu_seconds)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            # Ctrl-C on the terminal is for the program, which ends its children itself
            start_new_session=True,
            # nothing of the environment is handed down: it holds the platforms' tokens
            env={"PYTHONPATH": str(_ROOT), "LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
        )

    async def _exchange(self, process: Process, raw: RawDocument) -> tuple[bytes, bool]:
        if process.stdin is None or process.stdout is None:
            raise ConnectionError
        name = raw.name or raw.entry.external_id
        header = json.dumps({"media_type": raw.media_type, "name": name}).encode()
        process.stdin.write(REQUEST.pack(len(header), len(raw.content)) + header)
        process.stdin.write(raw.content)
        await process.stdin.drain()
        length, spent = RESPONSE.unpack(await process.stdout.readexactly(RESPONSE.size))
        if length > self._limits.response:
            raise DocumentUnreadable(
                f"The file holds more than {self._limits.response // 2**20} MB of text. Split it."
            )
        return await process.stdout.readexactly(length), spent

    def _explain_end(self, code: int) -> str:
        if code == -signal.SIGXCPU:
            return f"The file takes more than {self._limits.cpu_seconds} s to parse. Split it."
        return "The file makes its parser crash: it is broken, or too large. Export it anew."


async def _await_end(process: Process) -> int:
    """The exit code of a process that closed its output, by which it should be ending."""
    try:
        async with asyncio.timeout(2):
            return await process.wait()
    except TimeoutError:
        await _end_process(process)
        return -signal.SIGKILL


async def _end_process(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    if process.stdout is not None:
        # what it said last and nobody read would keep the pipe open, and the wait waits for that
        while await process.stdout.read(2**16):
            pass
    await process.wait()


def decode_document(response: bytes) -> ParsedDocument:
    """What the child said. Raises DocumentUnreadable if it refused, or said nothing sensible."""
    try:
        said = json.loads(response)
        if "error" in said:
            raise DocumentUnreadable(str(said["error"]))
        blocks = tuple(
            Block(BlockKind(kind), Span(start, end), level, page, anchor)
            for kind, start, end, level, page, anchor in said["blocks"]
        )
        return ParsedDocument(said["title"], said["text"], blocks)
    except (ValueError, KeyError, TypeError) as error:
        raise DocumentUnreadable("The parser gave no sensible answer for this file.") from error
