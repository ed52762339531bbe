"""Files that came with a question: fetched, read, and forgotten with the question."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

from agents.model import Picture, enclose
from bot.errors import BotError
from bot.model import Attachment, IncomingMessage, Place, Platform
from bot.ports import FileStore
from bot.rendering.phrases import Phrase, attachments
from retrieval.chunking import chunk_document
from retrieval.errors import RetrievalError
from retrieval.model import Passage, RawDocument, SourceEntry
from retrieval.parsing.formats import PARSERS
from retrieval.ports import Parser
from retrieval.sources.media_types import guess_media_type

MOST_FILES = 5
FILE_MEGABYTES, PICTURE_MEGABYTES = 10, 5
MOST_PASSAGES = 200
"""Of one file; what comes after about a hundred pages is left out."""
_CHARACTERS_A_TOKEN = 4
_TEXT_ENDINGS = frozenset(
    ".log .json .yaml .yml .toml .ini .cfg .conf .xml .diff .patch .properties .tex .adoc".split()
)
_PICTURES = {
    b"\x89PNG\r\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What the files of a question hold, and what is to be said of those that could not be read."""

    passages: tuple[Passage, ...] = ()
    pictures: tuple[Picture, ...] = ()
    notices: tuple[str, ...] = ()


class _LeftOut(Exception):
    """A file is not read."""

    def __init__(self, words: Phrase, **values: object) -> None:
        super().__init__(words.en)
        self.words = words
        self.values = values


class Enclosures:
    """Reads the files of questions. A file that cannot be read never costs the answer."""

    def __init__(
        self,
        stores: Mapping[Platform, FileStore],
        parser: Parser,
        now: Callable[[], datetime],
    ) -> None:
        self._stores = stores
        self._parser = parser
        self._now = now

    async def read(self, message: IncomingMessage, language: str) -> Enclosed:
        """What came with a question."""
        passages: list[Passage] = []
        pictures: list[Picture] = []
        notices: list[str] = []
        for number, file in enumerate(message.attachments[:MOST_FILES], 1):
            try:
                held = await self._open(file, number, message.place)
            except _LeftOut as left_out:
                notices.append(left_out.words.say(language, name=file.name, **left_out.values))
                _log.info("A file of %s is left out: %s", message.event, left_out)
            else:
                if isinstance(held, Picture):
                    pictures.append(held)
                else:
                    passages += held
        if len(message.attachments) > MOST_FILES:
            notices.append(attachments.FILES_TOO_MANY.say(language, count=MOST_FILES))
        return Enclosed(tuple(passages), tuple(pictures), tuple(notices))

    async def _open(
        self, file: Attachment, number: int, place: Place
    ) -> Picture | Sequence[Passage]:
        is_picture = file.media_type.startswith("image/")
        media_type = _find_media_type(file)
        if media_type is None and not is_picture:
            raise _LeftOut(attachments.FILE_KIND)
        most = PICTURE_MEGABYTES if is_picture else FILE_MEGABYTES
        if file.size > most * 2**20:
            raise _LeftOut(attachments.FILE_TOO_LARGE, most=most)
        content = await self._fetch(file, place)
        if len(content) > most * 2**20:
            raise _LeftOut(attachments.FILE_TOO_LARGE, most=most)
        if is_picture:
            return Picture(file.name, _recognise_picture(content), content)
        return await self._parse(file, number, media_type or "", content)

    async def _fetch(self, file: Attachment, place: Place) -> bytes:
        store = self._stores.get(place.platform)
        if store is None or not file.url:
            raise _LeftOut(attachments.FILE_WITHHELD)
        try:
            return await store.fetch(place, file)
        except (RetrievalError, BotError) as error:
            _log.warning("A file was not handed over: %s", error)
            raise _LeftOut(attachments.FILE_WITHHELD) from error

    async def _parse(
        self, file: Attachment, number: int, media_type: str, content: bytes
    ) -> Sequence[Passage]:
        entry = SourceEntry(external_id=file.name, url="")
        try:
            document = await self._parser.parse(RawDocument(entry, content, media_type, file.name))
        except RetrievalError as error:
            _log.info("A file could not be parsed: %s", error)
            raise _LeftOut(attachments.FILE_UNREADABLE) from error
        chunks = chunk_document(document, count_tokens=_estimate_tokens)
        return enclose(file.name, number, chunks[:MOST_PASSAGES], self._now())


def _find_media_type(file: Attachment) -> str | None:
    """How a file is read, by its name, else by what the platform says; None where it is not."""
    told = file.media_type.partition(";")[0].strip().lower()
    if guessed := guess_media_type(file.name):
        return guessed
    if told in PARSERS:
        return told
    is_text = told.startswith("text/") or told in {"application/json", "application/xml"}
    ending = PurePosixPath(file.name).suffix.lower()
    return "text/plain" if is_text or ending in _TEXT_ENDINGS else None


def _recognise_picture(content: bytes) -> str:
    """The media type that an image itself tells: models refuse one under a wrong name."""
    for start, media_type in _PICTURES.items():
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    raise _LeftOut(attachments.FILE_KIND)


def _estimate_tokens(texts: Sequence[str]) -> list[int]:
    return [len(text) // _CHARACTERS_A_TOKEN for text in texts]
