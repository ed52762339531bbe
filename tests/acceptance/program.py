"""The shipped program in processes of its own, and what it is given to read."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

PATIENCE = 60.0
"""Seconds that anything may take before a test gives up; the machine may be busy."""

HANDBOOK = {
    "holidays.md": (
        "# Holidays\n\n## Booking\n\nBook a holiday in the calendar named Absences, at least two "
        "weeks ahead. Your manager confirms it within three days.\n\n"
        "## Carrying over\n\nUp to five days can be carried over until 31 March. Whoever was ill "
        "for long may ask for more.\n"
    ),
    "printer.txt": "The printer on the second floor is called Gutenberg.\nIts PIN is 4711.\n",
    "expenses.html": (
        "<html><head><title>Expenses</title></head><body><h1>Expenses</h1><p>Hand in receipts "
        "within thirty days. Meals are refunded up to 28 euros a day.</p></body></html>"
    ),
}


def write_documents(folder: Path, documents: Mapping[str, str]) -> Path:
    """The documents as files in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


UNBOUNDED = {
    "FOOTNOTE_PERSON_QUESTIONS": "0",
    "FOOTNOTE_CHANNEL_QUESTIONS": "0",
    "FOOTNOTE_TENANT_QUESTIONS": "0",
    "FOOTNOTE_QUEUE_LIMIT": "0",
}
"""Settings for a few people who ask more in a minute than people do."""


def as_address(conninfo: str) -> str:
    """A connection string as the `postgresql://` address that the setting wants."""
    parts = dict(part.split("=", 1) for part in conninfo.split())
    host, name = parts["host"], parts["dbname"]
    return f"postgresql://{parts['user']}@/{name}?host={host}"


def point_at_slack(slack: SlackEmulator, *, http: bool = False) -> dict[str, str]:
    """The settings that connect the program to the workspace; its admin is alma."""
    way = (
        {"SLACK_SIGNING_SECRET": slack.signing_secret, "FOOTNOTE_PORT": "0"}
        if http
        else {"SLACK_APP_TOKEN": slack.app_token}
    )
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "FOOTNOTE_SLACK_API_URL": slack.api_url,
        "FOOTNOTE_ADMINS": "slack:U0ALMA00001",
        **way,
    }


def point_at_discord(discord: DiscordEmulator) -> dict[str, str]:
    """The settings that connect the program to the guild."""
    return {
        "DISCORD_TOKEN": discord.bot_token,
        "FOOTNOTE_DISCORD_API_URL": discord.api_url,
        "FOOTNOTE_DISCORD_GATEWAY_URL": discord.gateway_url,
    }


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


class Shell:
    """Runs `footnote` with settings of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        kept = ("PATH", "HOME", "LANG", "PYTHONWARNINGS")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment |= {"PYTHONPATH": str(Path(__file__).resolve().parents[2]), **settings}

    async def run(self, *arguments: str) -> Outcome:
        process = await self.start(*arguments)
        output, errors = await process.communicate()
        outcome = Outcome(process.returncode or 0, output.decode(), errors.decode())
        assert "Traceback" not in outcome.errors, outcome.errors
        return outcome

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


class Bot:
    """`footnote serve --json` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._grown = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())
        self.log: list[str] = []
        self.facts: dict[str, Any] = {}

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.log.append(line.decode(errors="replace").rstrip())
            async with self._grown:
                self._grown.notify_all()

    async def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            line = await self._process.stdout.readline()
        assert line, "the program ended:\n" + "\n".join(self.log[-40:])
        self.facts = json.loads(line)

    async def wait_for_log(self, *words: str, count: int = 1) -> None:
        """Wait until `count` lines of the log hold all these words."""

        def is_there() -> bool:
            return sum(all(word in line for word in words) for line in self.log) >= count

        async with asyncio.timeout(PATIENCE), self._grown:
            await self._grown.wait_for(is_there)

    async def stop(self) -> int:
        """Ask it to end, and wait until it has; its exit code."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        if self._process.returncode is None:
            self._process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            code = await self._process.wait()
            await self._reading
        return code


@asynccontextmanager
async def serving(shell: Shell, *arguments: str) -> AsyncIterator[Bot]:
    """The bot, connected to its platforms."""
    bot = Bot(await shell.start("serve", "--json", *arguments))
    try:
        await bot.wait_until_ready()
        yield bot
    except Exception:
        sys.stderr.write("\n".join(["The bot's log ends:", *bot.log[-40:], ""]))
        raise
    finally:
        await bot.stop()


async def wait_until(is_so: Callable[[], Any]) -> None:
    """Wait until `await is_so()` is true; for what nobody reports. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while not await is_so():
            await asyncio.sleep(0.05)


async def wait_until_quiet(url: str) -> None:
    """Wait until nothing is queued or at work in this database."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:

        async def is_quiet() -> bool:
            cursor = await connection.execute(
                "SELECT NOT EXISTS (SELECT FROM procrastinate_jobs "
                "WHERE status IN ('todo', 'doing')) AND NOT EXISTS (SELECT FROM inbox "
                "WHERE state NOT IN ('done', 'dead'))"
            )
            return bool((await cursor.fetchone() or [False])[0])

        await wait_until(is_quiet)
