"""A Git server on loopback: git's own smart HTTP, with one repository that a test writes."""

import asyncio
import os
from pathlib import Path
from typing import Self

from aiohttp import BasicAuth, web

_AUTHOR = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
}


class GitEmulator:
    """An async context manager. The repository `name` lies in `folder`, its work tree beside it.

    With a `token`, it is shown only to those who bring it as their password.
    """

    def __init__(
        self, folder: Path, *, name: str = "handbook", token: str = "", status: int = 0
    ) -> None:
        self.name = name
        self.root = folder / "git"
        self.folder = self.root / f"{name}.git"
        self.work = folder / "work"
        self.token = token
        self.status = status
        self.paths: list[str] = []
        self._commits = 0
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(exist_ok=True)
        await self.git("init", "-q", "-b", "main", f"--separate-git-dir={self.folder}", ".")
        await self.write(".gitattributes", "")
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self.answer)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Where the repository is cloned from."""
        return f"http://127.0.0.1:{self._port}/{self.name}.git"

    async def write(self, path: str, content: str | bytes) -> None:
        """Put a file and commit it, a day after the commit before."""
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        await self.commit()

    async def remove(self, path: str) -> None:
        """Delete a file and commit that."""
        (self.work / path).unlink()
        await self.commit()

    async def commit(self) -> None:
        """Commit the work tree as it is."""
        self._commits += 1
        moment = f"2026-01-{self._commits:02}T12:00:00Z"
        await self.git("add", "-A")
        await self.git("commit", "-q", "-m", "Change", GIT_COMMITTER_DATE=moment)

    async def git(self, *arguments: str, **environment: str) -> None:
        """Run git in the work tree."""
        process = await asyncio.create_subprocess_exec(
            "git", *arguments, cwd=self.work, env=_environment(**environment)
        )
        assert await process.wait() == 0

    async def answer(self, request: web.Request) -> web.Response:
        """Git's own answer to a request."""
        self.paths.append(request.path)
        if self.status:
            return web.Response(
                status=self.status, headers={"Location": "http://127.0.0.1:9/x.git"}
            )
        if self.token and not self._is_known(request):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        environment = _environment(
            GIT_PROJECT_ROOT=str(self.root),
            GIT_HTTP_EXPORT_ALL="1",
            PATH_INFO=request.path,
            QUERY_STRING=request.query_string,
            REQUEST_METHOD=request.method,
            CONTENT_TYPE=request.headers.get("Content-Type", ""),
            HTTP_CONTENT_ENCODING=request.headers.get("Content-Encoding", ""),
            GIT_PROTOCOL=request.headers.get("Git-Protocol", ""),
        )
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        output, _ = await process.communicate(await request.read())
        head, _, body = output.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200").split()[0])
        return web.Response(status=status, headers=headers, body=body)

    def _is_known(self, request: web.Request) -> bool:
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            return False
        return BasicAuth.decode(authorization).password == self.token


def _environment(**more: str) -> dict[str, str]:
    safe = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory"}
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_VALUE_0": "*"}
    return {"PATH": os.environ["PATH"], "HOME": os.devnull, **safe, **quiet, **_AUTHOR, **more}
