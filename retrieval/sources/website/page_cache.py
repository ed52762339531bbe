"""Pages as they were last read, on disk, so that an unchanged one need not be sent again."""

import hashlib
import json
import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class CachedPage:
    """A page as the server sent it; `etag` and `last_modified` are its own words."""

    url: str
    media_type: str
    content: bytes
    etag: str = ""
    last_modified: str = ""

    @property
    def fingerprint(self) -> str:
        """Changes with the content."""
        return hashlib.sha256(self.content).hexdigest()[:32]

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask for the page only if it has changed (RFC 9110, 13.1)."""
        conditions = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in conditions.items() if value}


class PageCache:
    """The pages of one source. A page that was damaged on disk counts as one that is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_complete(self) -> bool:
        """Whether it holds a whole listing of the site, as far as the pages could be read."""
        return (self._folder / "complete").exists()

    def load(self, url: str) -> CachedPage | None:
        """The page that was last read from a URL."""
        try:
            header, _, content = self._path(url).read_bytes().partition(b"\n")
            page = CachedPage(content=content, **json.loads(header))
        except (OSError, ValueError, TypeError):
            return None
        return page if page.url == url else None

    def save(self, page: CachedPage) -> None:
        """Keep a page; of several for one URL the last one counts. A full disk is no error."""
        header = asdict(page)
        del header["content"]
        path = self._path(page.url)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft.write_bytes(json.dumps(header).encode() + b"\n" + page.content)
            draft.replace(path)

    def complete(self, urls: Collection[str]) -> None:
        """Note that these pages are all that there are, and drop the others."""
        kept = {self._path(url).name for url in urls} | {"complete"}
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / "complete").touch()
            for path in self._folder.iterdir():
                if path.name not in kept:
                    path.unlink()

    def clear(self) -> None:
        """Drop everything."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _path(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()[:40]
