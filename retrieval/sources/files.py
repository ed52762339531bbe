"""The `files` source: a folder of documents, or a single file, on the machine that syncs."""

import asyncio
import os
import stat
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from urllib.parse import quote, urlsplit

from retrieval.errors import DocumentUnreadable, InvalidSource, SourceRefused
from retrieval.model import RawDocument, SourceEntry

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".md": "text/markdown",
        ".markdown": "text/markdown",
        ".mdx": "text/markdown",
        ".txt": "text/plain",
        ".text": "text/plain",
        ".rst": "text/plain",
        ".html": "text/html",
        ".htm": "text/html",
        ".xhtml": "text/html",
        ".pdf": "application/pdf",
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
"""What is read, by the ending of the file's name."""

SIZE_LIMIT = 50 * 2**20
"""Bytes; a larger file is recorded as unreadable rather than read."""

_SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv", "site-packages"})
_KNOWN_SETTINGS = ("path", "include", "exclude", "url_base")


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


def read_files_settings(config: Mapping[str, object]) -> FilesSettings:
    """Check what an admin typed. Raises InvalidSource with words that mend it."""
    for name in config:
        if name not in _KNOWN_SETTINGS:
            raise InvalidSource(
                f"A files source has no setting {name!r}; it has {', '.join(_KNOWN_SETTINGS)}."
            )
    path = config.get("path")
    if not isinstance(path, str) or not path.strip():
        raise InvalidSource("A files source needs a path: the folder or the file to read.")
    url_base = config.get("url_base") or ""
    if not isinstance(url_base, str) or (url_base and not _is_web_address(url_base)):
        raise InvalidSource("url_base is not a web address; it begins with https:// or http://.")
    return FilesSettings(
        path=Path(path).expanduser().absolute(),
        include=_read_patterns(config, "include"),
        exclude=_read_patterns(config, "exclude"),
        url_base=url_base.rstrip("/"),
    )


def _is_web_address(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _read_patterns(config: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = config.get(name)
    patterns = [value] if isinstance(value, str) else value or []
    if not isinstance(patterns, list | tuple) or not all(
        isinstance(pattern, str) for pattern in patterns
    ):
        raise InvalidSource(f"{name} is a list of patterns such as '*.md'.")
    return tuple(pattern.strip() for pattern in patterns if pattern.strip())


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
        suffix = PurePosixPath(entry.external_id).suffix.lower()
        return RawDocument(entry, content, MEDIA_TYPES.get(suffix, "text/plain"))

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
        if PurePosixPath(name).suffix.lower() not in MEDIA_TYPES:
            return False
        include, exclude = self._settings.include, self._settings.exclude
        return (not include or _matches(name, include)) and not _matches(name, exclude)

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


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as children:
        for child in children:
            if child.name.startswith("."):
                continue
            name = prefix + child.name
            if child.is_dir(follow_symlinks=False):
                if child.name not in _SKIPPED_FOLDERS:
                    yield from _walk(Path(child.path), f"{name}/")
            elif child.is_file(follow_symlinks=False):
                yield name, child.stat(follow_symlinks=False)
            elif child.is_symlink() and child.is_file():
                # a link out of the root is listed too, so that fetching it can say what it is
                yield name, child.stat()


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(
        fnmatchcase(name, pattern.removeprefix("**/"))
        or fnmatchcase(name, pattern)
        or ("/" not in pattern and fnmatchcase(PurePosixPath(name).name, pattern))
        for pattern in patterns
    )
