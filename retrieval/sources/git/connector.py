"""The `git` source: the files of a branch of a Git repository."""

import hashlib
import re
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlsplit

from retrieval.errors import DocumentGone, DocumentUnreadable, InvalidField
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
from retrieval.sources.files import SIZE_LIMIT, is_hidden
from retrieval.sources.git.repository import GitRepository, TreeFile, is_local
from retrieval.sources.media_types import guess_media_type
from retrieval.sources.patterns import is_wanted
from retrieval.sources.surroundings import Surroundings

_WIKI_REPOSITORY = ".wiki"
_GITHUB_WIKI = re.compile(r"\w+://[^/]+/[^/]+/[^/]+/wiki")
"""Of a project of an owner. A branch may be called `wiki` too."""
_LFS_MARK = b"version https://git-lfs.github.com/spec/"

FIELDS = (
    Field(
        "url",
        "Address",
        "Where the repository is cloned from, by https.",
        is_required=True,
        example="https://github.com/example/handbook.git",
    ),
    Field(
        "include",
        "Only these files",
        "Patterns over the path in the repository.",
        kind=FieldKind.LIST,
        example="docs/*",
    ),
    Field(
        "exclude",
        "Not these files",
        "Patterns over the path in the repository.",
        kind=FieldKind.LIST,
        example="docs/archive/*",
    ),
    Field(
        "token",
        "Access token",
        "For a private repository; it needs to read the code and nothing else.",
        is_secret=True,
    ),
    Field("branch", "Branch", "The repository's own default, if it is left empty."),
    Field(
        "url_base",
        "Where people read it on the web",
        "Found out for GitHub, GitLab, Bitbucket, Gitea and Forgejo.",
        example="https://git.example.com/handbook/src/branch/main",
    ),
)


@dataclass(frozen=True, slots=True)
class GitSettings:
    """Which repository, which of its files, and where people read them."""

    url: str
    branch: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    url_base: str = ""
    token: str = ""


def read_git_settings(config: Config) -> GitSettings:
    """The settings of a config. Raises InvalidSource with words that mend it."""
    read = read_config("git", FIELDS, config)
    url = text(read, "url")
    if url.startswith(("~", "file://")):
        url = str(Path(url.removeprefix("file://")).expanduser())
    if not is_local(url):
        check_web_address("url", url)
    branch = text(read, "branch")
    if branch.startswith("-") or ".." in branch or any(ord(sign) <= 32 for sign in branch):
        raise InvalidField("branch", "branch is not the name of a branch.")
    return GitSettings(
        url=url,
        branch=branch,
        include=texts(read, "include"),
        exclude=texts(read, "exclude"),
        url_base=check_web_address("url_base", text(read, "url_base")).rstrip("/"),
        token=text(read, "token"),
    )


def check_git_config(config: Config) -> dict[str, object]:
    """The settings of a new source as they are stored. Raises InvalidSource."""
    settings = read_git_settings(config)
    if is_local(settings.url) and not Path(settings.url).is_dir():
        raise InvalidField("url", f"{settings.url} does not exist. Give a repository's address.")
    return {**read_config("git", FIELDS, config), "url": settings.url}


class GitConnector:
    """Reads one branch. External ids are paths in the repository."""

    def __init__(self, settings: GitSettings, surroundings: Surroundings) -> None:
        self._settings = settings
        key = f"{settings.url}\0{settings.branch}\0{settings.token}"
        folder = surroundings.cache / "git" / hashlib.sha256(key.encode()).hexdigest()[:24]
        self._repository = GitRepository(
            settings.url,
            folder,
            surroundings.policy,
            branch=settings.branch,
            token=settings.token,
        )
        self._files: dict[str, TreeFile] | None = None

    async def list_entries(self) -> AsyncIterator[SourceEntry]:
        """Every file of a known format that is not hidden. Complete, or SourceUnreadable."""
        branch = await self._repository.fetch()
        files = {file.path: file for file in await self._repository.list_files()}
        dates = await self._repository.date_files()
        self._files = files
        base = self._settings.url_base or guess_web_address(self._settings.url, branch)
        for path, file in files.items():
            if not self._wants(path):
                continue
            url = f"{base}/{quote(name_page(base, path))}"
            yield SourceEntry(
                external_id=path,
                url=url,
                modified_at=dates.get(path),
                # a changed branch or url_base has to reach documents that did not change
                fingerprint=f"{file.blob}-{zlib.crc32(url.encode()):08x}",
                size=file.size,
            )

    async def fetch(self, entry: SourceEntry) -> RawDocument:
        """One file's content. Raises DocumentGone, DocumentUnreadable, SourceUnreadable."""
        if self._files is None:
            await self._repository.fetch()
            self._files = {file.path: file for file in await self._repository.list_files()}
        file = self._files.get(entry.external_id)
        if file is None:
            raise DocumentGone(f"{entry.external_id} is no longer on the branch.")
        if file.size > SIZE_LIMIT:
            raise DocumentUnreadable(
                f"It has {file.size / 2**20:,.0f} MB; {SIZE_LIMIT / 2**20:,.0f} MB are allowed."
            )
        content = await self._repository.read(file.blob)
        if content.startswith(_LFS_MARK):
            raise DocumentUnreadable("It is kept in Git LFS, which Footnote does not read.")
        return RawDocument(entry, content, guess_media_type(entry.external_id) or "text/plain")

    def _wants(self, path: str) -> bool:
        hidden = any(is_hidden(part) for part in PurePosixPath(path).parts)
        if hidden or guess_media_type(path) is None:
            return False
        return is_wanted(path, self._settings.include, self._settings.exclude)


def name_page(base: str, path: str) -> str:
    """What follows the address of the files: in a wiki a page's name, without its extension.

    GitHub shows the pages of all folders side by side, GitLab those of each folder.
    https://docs.github.com/en/communities/documenting-your-project-with-wikis
    """
    page = PurePosixPath(path)
    if base.endswith("/-/wikis"):
        return str(page.with_suffix(""))
    return page.stem if _GITHUB_WIKI.fullmatch(base) else path


def guess_web_address(url: str, branch: str) -> str:
    """Where the files of a branch are shown, by what the host is known to do.

    GitHub's form is the default: many others understand it.
    """
    if is_local(url):
        return Path(url).as_uri()
    parts = urlsplit(url)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/').removesuffix('.git')}"
    host, reference = (parts.hostname or "").lower(), quote(branch)
    if base.endswith(_WIKI_REPOSITORY):
        wiki = "/-/wikis" if "gitlab" in host else "/wiki"
        return base.removesuffix(_WIKI_REPOSITORY) + wiki
    if "gitlab" in host:
        return f"{base}/-/blob/{reference}"
    if "bitbucket" in host:
        return f"{base}/src/{reference}"
    if any(name in host for name in ("gitea", "forgejo", "codeberg")):
        return f"{base}/src/branch/{reference}"
    return f"{base}/blob/{reference}"
