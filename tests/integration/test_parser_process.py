"""Hostile and broken files against the real child process, with limits small enough to wait for."""

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument, RawDocument, SourceEntry
from retrieval.parsing.process import ParserLimits, ProcessParser
from retrieval.sources.files import FilesConnector, FilesSettings
from retrieval.sources.media_types import MEDIA_TYPES, guess_media_type
from tests.fakes.hostile import (
    HOSTILE,
    PLACED,
    make_sheet_bomb,
    make_slide_bomb,
    make_word_bomb,
    write_hostile,
)
from tests.fakes.pdf import make_endless_pdf, make_pdf

DOCX = MEDIA_TYPES[".docx"]
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def parser() -> AsyncIterator[ProcessParser]:
    async with ProcessParser(workers=2) as made:
        yield made


async def parse(
    parser: ProcessParser, content: bytes, media_type: str = "text/markdown"
) -> ParsedDocument:
    return await parser.parse(RawDocument(SourceEntry("file.x", ""), content, media_type))


async def refuse(parser: ProcessParser, content: bytes, media_type: str, words: str) -> None:
    with pytest.raises(DocumentUnreadable, match=words):
        await parse(parser, content, media_type)
    # the next file is parsed as if nothing had been
    assert (await parse(parser, b"# Title\n\nText.")).title == "Title"


async def test_what_the_child_says_is_what_the_parser_found(parser: ProcessParser) -> None:
    document = await parse(parser, "# Größe\n\n- ein\n- zwei\n\n```\nx = 1\n```\n".encode())
    assert document.title == "Größe"
    assert [
        (block.kind.value, block.level, block.anchor, document.text[slice_of(block.span)])
        for block in document.blocks
    ] == [
        ("heading", 1, "größe", "Größe"),
        ("list", 0, None, "- ein\n- zwei"),
        ("code", 0, None, "x = 1"),
    ]
    paged = await parse(parser, make_pdf([[(12, 700, "One.")]]), "application/pdf")
    assert [(block.page, block.anchor) for block in paged.blocks] == [(1, "page=1")]


def slice_of(span: object) -> slice:
    return slice(span.start, span.end)


async def test_many_files_at_once_share_the_processes(parser: ProcessParser) -> None:
    texts = [f"# Title {number}\n\nText {number}." for number in range(40)]
    documents = await asyncio.gather(*(parse(parser, text.encode()) for text in texts))
    assert [document.title for document in documents] == [f"Title {n}" for n in range(40)]
    assert len(psutil.Process().children()) >= 1


@pytest.mark.parametrize(
    ("content", "media_type", "words"),
    [
        (b"", "text/markdown", "empty"),
        (b" \n", "text/plain", "empty"),
        (b"x", "image/png", "image/png"),
        (b"%PDF-1.7 garbage", "application/pdf", "broken"),
        (b"PK\x03\x04 garbage", DOCX, "cut short"),
        (bytes(range(256)) * 40, "text/plain", "text"),
        (b"<div>" * 200_000 + b"deep", "text/html", "no text|deeply|parse"),
        (b"<ul><li>" * 100_000 + b"deep", "text/html", "no text|deeply|parse"),
        (b">" * 200_000 + b"deep", "text/markdown", "no text|deeply|parse"),
    ],
)
async def test_files_that_cannot_be_parsed_say_why(
    parser: ProcessParser, content: bytes, media_type: str, words: str
) -> None:
    await refuse(parser, content, media_type, words)


async def test_a_pdf_that_never_ends_is_stopped_by_the_processor_limit() -> None:
    async with ProcessParser(
        workers=1, limits=ParserLimits(cpu_seconds=1, memory=8 * 2**30)
    ) as parser:
        await refuse(parser, make_endless_pdf(), "application/pdf", "more than 1 s")


async def test_a_file_that_takes_too_long_is_stopped_by_the_clock() -> None:
    # such a file may use up its memory first, where the machine is fast
    limits = ParserLimits(wall_seconds=3, memory=8 * 2**30)
    async with ProcessParser(workers=1, limits=limits) as parser:
        await refuse(parser, make_endless_pdf(), "application/pdf", "more than 3 s")


@pytest.mark.parametrize(
    ("make", "media_type"),
    [
        (make_word_bomb, MEDIA_TYPES[".docx"]),
        (make_slide_bomb, MEDIA_TYPES[".pptx"]),
        (make_sheet_bomb, MEDIA_TYPES[".xlsx"]),
    ],
)
async def test_a_zip_bomb_hits_the_memory_limit_of_the_child_and_not_the_parent(
    make: Callable[[int], bytes], media_type: str
) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limits = ParserLimits(memory=300 * 2**20)
    async with ProcessParser(workers=1, limits=limits) as parser:
        content = make(40_000_000)
        assert len(content) < 8_000_000
        made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await refuse(parser, content, media_type, "memory|crash|broken")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # ru_maxrss is in KiB and never falls; the bomb alone would need hundreds of MiB
    assert after - max(made, before) < 20_000


def small(name: str) -> bytes:
    """A hostile file, shorter than the one that is measured."""
    content = HOSTILE[name]()
    return content if name.endswith("docx") else content[: len(content) // 20]


@pytest.mark.parametrize(
    "name", ["huge.docx", "entities.docx", "deep.ipynb", "noise.txt", "half.csv"]
)
async def test_a_hostile_file_is_refused_and_the_next_one_is_read(
    parser: ProcessParser, name: str
) -> None:
    await refuse(parser, small(name), guess_media_type(name) or "", r"\w+ \w+ \w+")


@pytest.mark.parametrize("name", PLACED)
async def test_what_must_not_be_opened_is_refused_without_reading_it(
    tmp_path: Path, name: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    write_hostile(root, frozenset({name}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DocumentUnreadable, match="allowed|leads out|ordinary"):
        await FilesConnector(FilesSettings(root)).fetch(SourceEntry(name, ""))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


async def test_too_much_text_is_refused() -> None:
    async with ProcessParser(workers=1, limits=ParserLimits(response=100_000)) as parser:
        await refuse(parser, b"word " * 30_000, "text/plain", "text")


async def test_a_child_that_is_killed_is_replaced(parser: ProcessParser) -> None:
    await parse(parser, b"Text.")
    for child in psutil.Process().children():
        if "retrieval.parsing.child" in child.cmdline():
            child.kill()
            child.wait()
    assert (await parse(parser, b"More text.")).text == "More text."


async def test_a_cancelled_parse_leaves_no_process_behind() -> None:
    async with ProcessParser(workers=1) as parser:
        await parse(parser, b"Text.")
        running = asyncio.create_task(parse(parser, make_endless_pdf(), "application/pdf"))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert (await parse(parser, b"More text.")).text == "More text."
    children = [child.cmdline() for child in psutil.Process().children()]
    assert not any("retrieval.parsing.child" in command for command in children)


async def test_the_child_sees_nothing_of_the_environment(
    parser: ProcessParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "canary")
    await parse(parser, b"Text.")
    children = psutil.Process().children()
    (child,) = [child for child in children if "retrieval.parsing.child" in child.cmdline()]
    assert "SLACK_BOT_TOKEN" not in child.environ()


def test_the_peak_of_the_process_that_started_it_is_not_the_childs() -> None:
    measure = "from retrieval.parsing.child import _measure_peak; print(_measure_peak())"
    # a process in between, so that this one does not grow
    script = (
        "import subprocess, sys\n"
        "ballast = bytearray(b'x') * (700 * 2**20)\n"
        f"print(subprocess.check_output([sys.executable, '-c', {measure!r}], text=True))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert 0 < int(found.stdout) < 400 * 2**20
