"""The child process that parses: `python -m retrieval.parsing.child MEMORY CPU_SECONDS`.

It reads requests from its standard input and writes one response for each to its standard output.
A request is two big-endian 32-bit lengths, a JSON header and the content. A response is one length,
a byte that is 1 if the child ends after it, and a JSON object: JSON rather than pickle, since what
comes back from a process that has read a hostile file must not be able to become code.
"""

import json
import resource
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument
from retrieval.parsing.formats import parse_content

REQUEST = struct.Struct(">II")
RESPONSE = struct.Struct(">I?")
_RETIREMENT_SHARE = 0.4


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """`memory` in bytes of address space, `cpu_seconds` of processor time for one document."""

    memory: int
    cpu_seconds: int


def main() -> int:
    """Serve until the input ends, or until memory has become too fragmented to be trusted."""
    limits = ProcessLimits(int(sys.argv[1]), int(sys.argv[2]))
    _set_limit(resource.RLIMIT_AS, limits.memory)
    _set_limit(resource.RLIMIT_CORE, 0)
    _set_limit(resource.RLIMIT_FSIZE, 0)
    while _serve_one(sys.stdin.buffer, sys.stdout.buffer, limits):
        pass
    return 0


def _serve_one(requests: BinaryIO, responses: BinaryIO, limits: ProcessLimits) -> bool:
    prefix = requests.read(REQUEST.size)
    if len(prefix) < REQUEST.size:
        return False
    header_length, content_length = REQUEST.unpack(prefix)
    header = json.loads(requests.read(header_length))
    _grant_cpu_time(limits.cpu_seconds)
    spent = False
    try:
        content = requests.read(content_length)
        response = encode_document(parse_content(content, header["media_type"], header["name"]))
    except DocumentUnreadable as error:
        response = _encode_refusal(str(error))
    except (MemoryError, RecursionError) as error:
        spent = True
        response = _encode_refusal(_explain_exhaustion(error, limits))
    except Exception as error:  # noqa: BLE001 - whatever a parser trips over is this file's fault
        response = _encode_refusal(f"The file cannot be parsed ({type(error).__name__}: {error}).")
    spent = spent or _measure_peak() > limits.memory * _RETIREMENT_SHARE
    responses.write(RESPONSE.pack(len(response), spent) + response)
    responses.flush()
    return not spent


def _explain_exhaustion(error: BaseException, limits: ProcessLimits) -> str:
    if isinstance(error, MemoryError):
        return f"The file needs more than {limits.memory // 2**20} MB of memory to parse. Split it."
    return "The file is nested too deeply to be parsed."


def _measure_peak() -> int:
    """Bytes of memory that this process has held at most.

    On Linux `ru_maxrss` begins with the peak of the process that started this one, which holds an
    embedding model; what the kernel says of the address space begins anew.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _grant_cpu_time(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _set_limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + 1 + seconds)


def _set_limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # macOS refuses a limit on address space; processor and wall time are limited all the same
    with suppress(ValueError):
        resource.setrlimit(which, (soft, hard))


def _encode_refusal(reason: str) -> bytes:
    return json.dumps({"error": reason[:500]}).encode()


def encode_document(document: ParsedDocument) -> bytes:
    """A document as the response that `process.decode_document` reads."""
    blocks = [
        [block.kind.value, block.span.start, block.span.end, block.level, block.page, block.anchor]
        for block in document.blocks
    ]
    return json.dumps({"title": document.title, "text": document.text, "blocks": blocks}).encode()


if __name__ == "__main__":
    sys.exit(main())
