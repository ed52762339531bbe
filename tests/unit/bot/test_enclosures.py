"""Files of questions: which are read, and what is said of the others."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.enclosures import MOST_FILES, Enclosed, Enclosures
from bot.model import Attachment, Place, Platform
from retrieval.errors import SourceRefused
from retrieval.model import ParsedDocument, RawDocument
from retrieval.parsing.formats import parse_content
from tests.fakes.messages import make_message

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
PICTURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\0\0\0\0WEBPVP8 ",
}


class HeldFiles:
    """Files by their address."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    async def fetch(self, place: Place, attachment: Attachment) -> bytes:
        self.asked.append(attachment.url)
        if attachment.url not in self.files:
            raise SourceRefused("no such file")
        return self.files[attachment.url]


class PlainParser:
    """Parses in this process."""

    async def parse(self, raw: RawDocument) -> ParsedDocument:
        return parse_content(raw.content, raw.media_type, raw.name or "")


def attach(name: str, content: bytes, media_type: str = "", url: str | None = None) -> Attachment:
    return Attachment(name, media_type, len(content), f"https://f/{name}" if url is None else url)


async def read(
    *files: tuple[Attachment, bytes], language: str = "en", held: HeldFiles | None = None
) -> Enclosed:
    held = held or HeldFiles({file.url: content for file, content in files})
    message = replace(make_message(), attachments=tuple(file for file, _ in files))
    enclosures = Enclosures({Platform.SLACK: held}, PlainParser(), lambda: NOW)
    return await enclosures.read(message, language)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("notes.md", ""),
        ("notes.txt", "application/octet-stream"),
        ("app.log", ""),
        ("config.yaml", "application/x-yaml"),
        ("Untitled", "text/plain; charset=utf-8"),
        ("data", "application/json"),
        ("main.rs", "application/octet-stream"),
    ],
)
async def test_text_of_every_kind_is_read_under_the_file_s_name(name: str, media_type: str) -> None:
    content = b"The sauna is heated every Thursday."
    found = await read((attach(name, content, media_type), content))
    (passage,) = found.passages
    assert (passage.title, passage.url, passage.source) == (name, "", "enclosed")
    assert "every Thursday" in passage.text
    assert found.notices == ()


async def test_passages_of_several_files_do_not_share_their_ids() -> None:
    files = [(attach(f"{n}.txt", b"text"), b"text") for n in range(3)]
    found = await read(*files)
    assert len({passage.chunk for passage in found.passages}) == 3
    assert all(passage.chunk < 0 and passage.document < 0 for passage in found.passages)


@pytest.mark.parametrize("media_type", PICTURES)
async def test_an_image_is_known_by_what_it_holds(media_type: str) -> None:
    content = PICTURES[media_type]
    found = await read((attach("shot", content, "image/x-unknown"), content))
    assert [(one.media_type, one.content) for one in found.pictures] == [(media_type, content)]


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        (attach("a.exe", b"MZ"), b"MZ", "I cannot read files such as a.exe"),
        (attach("a.png", b"no", "image/png"), b"no", "I cannot read files such as a.png"),
        (attach("a.txt", b"", url=""), b"", "I was not given a.txt"),
        (attach("a.txt", b" "), b" ", "I could not read a.txt"),
        (replace(attach("a.txt", b""), size=11 * 2**20), b"", "a.txt is larger than 10 MB"),
        (attach("a.txt", b""), b"x" * (11 * 2**20), "a.txt is larger than 10 MB"),
        (
            replace(attach("a.png", b"", "image/png"), size=6 * 2**20),
            b"",
            "a.png is larger than 5 MB",
        ),
    ],
)
async def test_what_is_left_out_is_told(file: Attachment, content: bytes, words: str) -> None:
    found = await read((file, content))
    assert (found.passages, found.pictures) == ((), ())
    (notice,) = found.notices
    assert notice.startswith(words)


async def test_a_file_that_is_too_large_is_not_even_fetched() -> None:
    held = HeldFiles({})
    await read((replace(attach("a.txt", b""), size=2**30), b""), held=held)
    assert held.asked == []


async def test_a_file_that_is_not_handed_over_is_told_in_the_language_of_the_place() -> None:
    found = await read((attach("a.txt", b"x"), b"x"), language="de", held=HeldFiles({}))
    assert found.notices[0].startswith("a.txt wurde mir nicht herausgegeben")


async def test_so_many_files_and_no_more() -> None:
    files = [(attach(f"{n}.txt", b"text"), b"text") for n in range(MOST_FILES + 1)]
    found = await read(*files)
    assert len(found.passages) == MOST_FILES
    assert found.notices == (f"I read the first {MOST_FILES} files only.",)
