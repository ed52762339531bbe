"""The `files` source: a folder of documents, or a single file, on the machine that syncs."""

import asyncio
import os
import stat
import zlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from retrieval.errors import DocumentUnreadable, InvalidField, SourceRefused
from retrieval.model import RawDocument, SourceEntry
from retrieval.sources.fields import (
    Config,
    Field,
    FieldKind,
    check_web_address,
    read_config,
    text,
    texts,
)
from retrieval.sources.media_types import guess_media_type
from retrieval.sources.patterns import is_wanted

SIZE_LIMIT = 50 * 2**20
"""Bytes; a larger file is recorded as unreadable rather than read."""

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})

FIELDS = (
    Field(
        "path",
        "Folder or file",
        "The folder or the file to read, on the machine that Footnote runs on.",
        is_required=True,
        example="/srv/handbook",
    ),
    Field(
        "url_base",
        "Where people read it on the web",
        "Citations link below this address.",
        example="https://wiki.example.com/handbook",
    ),
    Field(
        "include",
        "Only these files",
        "Patterns over the path below the folder.",
        kind=FieldKind.LIST,
        example="*.md",
    ),
    Field(
        "exclude",
        "Not these files",
        "Patterns over the path below the folder.",
        kind=FieldKind.LIST,
        example="drafts/*",
    ),
)


@dataclass(frozen=True, slots=True)
class FilesSettings:
    """Where the files lie and which are wanted.

    `include` and `exclude` are glob patterns over the path below `path`; `*` also matches `/`, and
    a pattern without `/` is matched with the file's name as well. `url_base` is where people read
    the same files; without it citations have no link, for nobody in a chat can open a path on the
    server.
    """

    path: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    url_base: str = ""


def read_files_settings(config: Config) -> FilesSettings:
    """The settings of a config. Raises InvalidSource with words that mend it."""
    read = read_config("files", FIELDS, config)
    return FilesSettings(
        path=Path(text(read, "path")).expanduser().absolute(),
        include=texts(read, "include"),
        exclude=texts(read, "exclude"),
        url_base=check_web_address("url_base", text(read, "url_base")).rstrip("/"),
    )


def check_files_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    settings = read_files_settings(config)
    if not settings.path.exists():
        raise InvalidField(
            "path", f"{settings.path} does not exist. Give the path of a folder or a file."
        )
    stored = {**read_config("files", FIELDS, config), "path": str(settings.path)}
    return stored | ({"url_base": settings.url_base} if settings.url_base else {})


class FilesConnector:
    """Lists and reads files. External ids are paths below the root, with forward slashes."""

    def __init__(self, settings: FilesSettings, *, size_limit: int = SIZE_LIMIT) -> None:
        self._settings = settings
        self._size_limit = size_limit

    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every file of a known format that is not hidden. Complete, or SourceRefused."""
        for entry in await asyncio.to_thread(self._scan):
            yield entry

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One file's bytes. Raises DocumentUnreadable; SourceRefused if the root is gone."""
        content = await asyncio.to_thread(self._read, entry)
        media_type = guess_media_type(entry.external_id) or "text/plain"
        return RawDocument(entry, content, media_type)

    def _scan(self) -> list[SourceEntry]:
        root = self._settings.path
        try:
            if root.is_file():
                return [self._describe(root.name, root.stat())]
            resolved = root.resolve(strict=True)
            found = sorted(_walk(resolved, ""), key=lambda item: item[0])
            return [self._describe(name, status) for name, status in found if self._wants(name)]
        except FileNotFoundError as error:
            missing = Path(error.filename or root)
            raise SourceRefused(
                f"{missing} does not exist. Correct the source's path or mount the folder."
            ) from error
        except OSError as error:
            raise SourceRefused(
                f"{error.filename or root} cannot be read ({error.strerror}). Give the user that"
                " Footnote runs as the right to read it."
            ) from error

    def _wants(self, name: str) -> bool:
        if guess_media_type(name) is None:
            return False
        return is_wanted(name, self._settings.include, self._settings.exclude)

    def _describe(self, name: str, status: os.stat_result) -> SourceEntry:
        shown = os.fsencode(name).decode("utf-8", "backslashreplace")
        root = self._settings.path
        folder = root.parent if root.name == name and root.is_file() else root
        base = self._settings.url_base or folder.absolute().as_uri()
        url = f"{base}/{quote(shown)}"
        # a changed url_base has to reach documents that did not change themselves
        place = f"-{zlib.crc32(url.encode()):08x}"
        return SourceEntry(
            external_id=shown,
            url=url,
            modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
            fingerprint=f"{status.st_size}-{status.st_mtime_ns}{place}",
            size=status.st_size,
        )

    def _read(self, entry: SourceEntry) -> bytes:
        root = self._settings.path
        if not root.exists():
            raise SourceRefused(f"{root} is gone. Correct the source's path or mount the folder.")
        path = root if root.is_file() else root / entry.external_id
        try:
            if not root.is_file() and not path.resolve(strict=True).is_relative_to(root.resolve()):
                raise DocumentUnreadable(
                    "It is a link that leads out of the source's folder. Copy the file there."
                )
            return self._read_limited(path)
        except FileNotFoundError as error:
            raise DocumentUnreadable(
                "It was deleted while the sync ran, or its name is not valid UTF-8."
            ) from error
        except OSError as error:
            raise DocumentUnreadable(
                f"It cannot be read ({error.strerror}). Give the user that Footnote runs as the"
                " right to read it."
            ) from error

    def _read_limited(self, path: Path) -> bytes:
        # non-blocking, so that a pipe put in the file's place cannot stop the sync
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DocumentUnreadable("It is not an ordinary file.")
            if status.st_size <= self._size_limit:
                content = file.read(self._size_limit + 1)
                if len(content) <= self._size_limit:
                    return content
        raise DocumentUnreadable(
            f"It has {status.st_size / 2**20:,.0f} MB; {self._size_limit / 2**20:,.0f} MB are"
            " allowed. Split it."
        )


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is never read, nor what lies below it."""
    return name.startswith(".") or name in _SKIPPED_FOLDERS


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as children:
        for child in children:
            if is_hidden(child.name):
                continue
            name = prefix + child.name
            if child.is_dir(follow_symlinks=False):
                yield from _walk(Path(child.path), f"{name}/")
            elif child.is_file(follow_symlinks=False):
                yield name, child.stat(follow_symlinks=False)
            elif child.is_symlink() and child.is_file():
                # a link out of the root is listed too, so that fetching it can say what it is
                yield name, child.stat()
