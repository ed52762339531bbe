"""A copy of one branch of a Git repository, without a working tree, kept by the program `git`.

Nothing of what the repository holds is ever checked out or run: no hooks, no filters, no links, no
submodules. The address is resolved and checked here, and git is made to connect to what was
checked, without following redirects.
"""

import asyncio
import base64
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from retrieval.errors import DocumentUnreadable, SourceRefused, SourceUnreadable
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.http import find_allowed

HISTORY = 100
"""Commits that are fetched, which tell when a file was changed."""
_TREE = re.compile(rb"(\d{6}) (\w+) ([0-9a-f]{40,64}) +(-|\d+)\t(.*)", re.DOTALL)
_WATCH_SECONDS = 0.5
_REFERENCE = "refs/heads/footnote"
_REFUSALS = (
    "could not read Username", "Authentication failed", "couldn't find remote ref", "not found",
    "does not appear to be a git", "error: 401", "error: 403", "error: 30", "unable to update url",
)  # fmt: skip
_DAMAGES = (
    "did not send all necessary objects", "not a git repository", "corrupt", "bad object",
    "is empty", "packfile", "index-pack", "loose object", "unable to read",
)  # fmt: skip
_SAFE_BRANCH = re.compile(r"(?!-)[\w./+@-]{1,200}")


@dataclass(frozen=True, slots=True)
class TreeFile:
    """An ordinary file of the branch. `blob` is its content's hash, `size` in bytes."""

    path: str
    blob: str
    size: int


@dataclass(frozen=True, slots=True)
class RepositoryLimits:
    """`size` in bytes on disk, `seconds` for one fetch, `quiet_seconds` without progress."""

    size: int = 2 * 2**30
    seconds: float = 600.0
    quiet_seconds: int = 60


class NotShown(SourceRefused):
    """There is no such repository or branch, or the token may not read it."""


class GitRepository:
    """The branch `branch` of the repository at `url`, or its default branch, kept in `folder`."""

    def __init__(
        self,
        url: str,
        folder: Path,
        policy: AddressPolicy,
        *,
        branch: str = "",
        token: str = "",
        limits: RepositoryLimits | None = None,
    ) -> None:
        self._url = url
        self._folder = folder
        self._policy = policy
        self._branch = branch
        self._token = token
        self._limits = limits or RepositoryLimits()

    async def fetch(self) -> str:
        """Bring the copy up to date; returns the name of the branch.

        Raises SourceRefused where waiting does not help, and SourceUnreadable.
        """
        settings = await self._secure_connection()
        branch = self._branch or await self._find_branch(settings)
        if not _SAFE_BRANCH.fullmatch(branch):
            raise SourceRefused(f"{branch!r} is no name of a branch.")
        try:
            await self._fetch_branch(branch, settings)
        except SourceUnreadable as error:
            if not _speaks_of(str(error), _DAMAGES):
                raise
            # a copy that was spoilt on disk costs no more than another one
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)
            await self._fetch_branch(branch, settings)
        if await asyncio.to_thread(_measure, self._folder) > self._limits.size:
            raise self._refuse_size()
        return branch

    async def _fetch_branch(self, branch: str, settings: Mapping[str, str]) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self._folder / "HEAD").exists():
            await self._run("init", "--bare", "--quiet", str(self._folder), inside=False)
        await self._run(
            *("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", f"--depth={HISTORY}"),
            *("--no-auto-gc", "--update-shallow", self._url),
            f"+refs/heads/{branch}:{_REFERENCE}",
            settings=settings,
        )

    async def list_files(self) -> list[TreeFile]:
        """The ordinary files of the branch; links and submodules are left out."""
        listed = await self._run("ls-tree", "-r", "-z", "-l", "--full-tree", _REFERENCE)
        return list(_read_tree(listed))

    async def date_files(self) -> dict[str, datetime]:
        """When each file was last changed, as far back as the history was fetched."""
        told = await self._run(
            *("log", "--first-parent", "-m", "--no-renames", "--name-only", "-z"),
            *("--format=%x01%ct", _REFERENCE),
        )
        return _read_dates(told)

    async def read(self, blob: str) -> bytes:
        """The content of a file. Raises DocumentUnreadable."""
        try:
            return await self._run("cat-file", "blob", blob)
        except SourceUnreadable as error:
            raise DocumentUnreadable("It is not in the copy of the repository.") from error

    async def _find_branch(self, settings: Mapping[str, str]) -> str:
        told = await self._run(
            "ls-remote", "--symref", self._url, "HEAD", settings=settings, inside=False
        )
        found = re.search(rb"^ref: refs/heads/(\S+)\tHEAD$", told, re.MULTILINE)
        if found is None:
            raise NotShown(f"{self._url} has no branch yet.")
        return found[1].decode("utf-8", "replace")

    async def _secure_connection(self) -> dict[str, str]:
        """Settings of git by which it connects to a checked address, and nowhere else."""
        if is_local(self._url):
            return {"protocol.allow": "never", "protocol.file.allow": "always"}
        parts = urlsplit(self._url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        found = await find_allowed(self._policy, host, port)
        pinned = ",".join(f"[{address}]" if ":" in address else address for address in found)
        settings = {
            "protocol.allow": "never",
            f"protocol.{parts.scheme}.allow": "always",
            "http.followRedirects": "false",
            "http.proxy": "",
            "http.lowSpeedLimit": "1000",
            "http.lowSpeedTime": str(self._limits.quiet_seconds),
        }
        if ":" not in host:
            # an address in IPv6 stands for itself
            settings["http.curloptResolve"] = f"{host}:{port}:{pinned}"
        if self._token:
            # any name will do for GitHub, GitLab, Gitea and Bitbucket, where the token is right
            pair = base64.b64encode(f"x-access-token:{self._token}".encode()).decode("ascii")
            settings["http.extraHeader"] = f"Authorization: Basic {pair}"
        return settings

    async def _run(
        self, *arguments: str, settings: Mapping[str, str] | None = None, inside: bool = True
    ) -> bytes:
        git = shutil.which("git")
        if git is None:
            raise SourceRefused("The program git is missing. Install it where Footnote runs.")
        place = ("--git-dir", str(self._folder)) if inside else ()
        process = await asyncio.create_subprocess_exec(
            git,
            *place,
            *arguments,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env=_make_environment(settings or {}),
        )
        watch = asyncio.create_task(self._watch(process)) if settings else None
        try:
            output, complaint = await self._communicate(process)
        finally:
            if watch is not None:
                watch.cancel()
        if watch is not None and watch.done() and not watch.cancelled():
            raise self._refuse_size()
        if process.returncode:
            raise self._explain(complaint.decode("utf-8", "replace"))
        return output

    async def _communicate(self, process: Process) -> tuple[bytes, bytes]:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await process.communicate()
        except TimeoutError as error:
            raise SourceUnreadable(
                f"{self._url} took more than {self._limits.seconds:g} s to fetch."
            ) from error
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _watch(self, process: Process) -> None:
        """End a process under which the copy grows too large."""
        size = 0
        while size <= self._limits.size:
            await asyncio.sleep(_WATCH_SECONDS)
            size = await asyncio.to_thread(_measure, self._folder)
        with suppress(ProcessLookupError):
            process.kill()

    def _refuse_size(self) -> SourceRefused:
        return SourceRefused(
            f"{self._url} has more than {self._limits.size / 2**20:,.0f} MB on its branch."
        )

    def _explain(self, complaint: str) -> SourceUnreadable:
        lines = [line.strip() for line in complaint.splitlines() if line.strip()]
        telling = [line for line in lines if _speaks_of(line, _DAMAGES)]
        said = (*telling, *reversed(lines), "git said nothing")[0].removeprefix("fatal: ")
        said = said.replace(self._token, "…") if self._token else said
        if _speaks_of(complaint, _REFUSALS):
            return NotShown(
                f"{self._url} cannot be read: {said}. Check the address, the branch and the"
                " rights of the token."
            )
        return SourceUnreadable(f"{self._url} cannot be read: {said}.")


def _speaks_of(text: str, phrases: Sequence[str]) -> bool:
    return any(phrase in text for phrase in phrases)


def is_local(url: str) -> bool:
    """Whether an address is a folder on the machine that syncs."""
    return url.startswith("/")


def _make_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git asks nobody and reads no settings but these.

    They come this way rather than as arguments because those are for everybody to see.
    """
    chosen = {"safe.directory": "*", "core.hooksPath": os.devnull, "gc.auto": "0", **settings}
    environment = {
        "PATH": os.defpath,
        "LC_ALL": "C",
        "HOME": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_CONFIG_COUNT": str(len(chosen)),
    }
    for number, (name, value) in enumerate(chosen.items()):
        environment[f"GIT_CONFIG_KEY_{number}"] = name
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def _measure(folder: Path) -> int:
    """Bytes below a folder."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(path, name)).st_size  # noqa: PTH118 - as os.walk
    return total


def _read_tree(listed: bytes) -> Iterator[TreeFile]:
    for line in listed.split(b"\0"):
        match = _TREE.fullmatch(line)
        if match is None or not match[1].startswith(b"100"):
            continue
        path = match[5].decode("utf-8", "backslashreplace")
        yield TreeFile(path, match[3].decode("ascii"), int(match[4]))


def _read_dates(told: bytes) -> dict[str, datetime]:
    dates: dict[str, datetime] = {}
    for commit in told.split(b"\x01")[1:]:
        head, *names = commit.split(b"\0")
        moment = datetime.fromtimestamp(int(head.strip()), UTC)
        for name in names:
            path = name.lstrip(b"\n").decode("utf-8", "backslashreplace")
            if path:
                dates.setdefault(path, moment)
    return dates
