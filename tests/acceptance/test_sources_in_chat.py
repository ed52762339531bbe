"""How admins manage what the bot knows, in Slack and in Discord, with the shipped program."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio
from aiohttp import web

from tests.acceptance.admins import AdminOnDiscord, AdminOnSlack, Admins
from tests.acceptance.people import Said
from tests.acceptance.program import (
    Bot,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until,
    wait_until_quiet,
    write_documents,
)
from tests.acceptance.readers import ReaderOnDiscord, ReaderOnSlack, Readers
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

CARRIED_OVER = "How many days of holiday can be carried over?"
SECRET = "canary-4d1f8e"
KITCHENS = ("Basil", "Clove", "Dill", "Fennel", "Ginger", "Thyme")


class Site:
    """A website on loopback: a start page that links to the others, which wait while it is slow."""

    def __init__(self) -> None:
        self.quick = asyncio.Event()
        self.quick.set()
        self.pages = {f"floor-{n}": _describe(n, name) for n, name in enumerate(KITCHENS, 1)}
        self.address = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> "Site":
        server = web.Application()
        server.router.add_get("/guide/", self._index)
        server.router.add_get("/guide/{page}", self._page)
        self._runner = web.AppRunner(server, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}/guide/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.quick.set()
        assert self._runner is not None
        await self._runner.cleanup()

    async def _index(self, _: web.Request) -> web.Response:
        links = "".join(f'<li><a href="{name}">{name}</a></li>' for name in self.pages)
        return _show("The floors", f"<p>All floors of our house.</p><ul>{links}</ul>")

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info["page"]
        await self.quick.wait()
        if name not in self.pages:
            raise web.HTTPNotFound
        return _show(name, f"<p>{self.pages[name]}</p>")


def _describe(floor: int, kitchen: str) -> str:
    return f"The kitchen on floor {floor} is called {kitchen}. Everybody may use it at any time."


def _show(title: str, body: str) -> web.Response:
    head = f"<html><head><title>{title}</title></head>"
    page = f"{head}<body><main><h1>{title}</h1>{body}</main></body></html>"
    return web.Response(text=page, content_type="text/html")


@dataclass(frozen=True)
class Town:
    """Both platforms and the bot on them. Admins may add the folders below `shelf` in chat."""

    slack: SlackEmulator
    discord: DiscordEmulator
    bot: Bot
    url: str
    shelf: Path

    async def execute(self, query: str, *values: object) -> list[tuple[object, ...]]:
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            cursor = await connection.execute(query.encode(), values)
            return await cursor.fetchall() if cursor.description else []

    async def read_audit(self, command: str) -> list[tuple[object, ...]]:
        """Who commanded this, and what became of it."""
        return await self.execute(
            "SELECT person, outcome, detail FROM audit WHERE command = %s ORDER BY audit_id",
            command,
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    shelf = folder / "shelf"
    shelf.mkdir()
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        shell = Shell(
            folder,
            DATABASE_URL=module_url,
            FOOTNOTE_CHAT_FOLDERS=str(shelf),
            FOOTNOTE_PRIVATE_HOSTS="127.0.0.1",
            FOOTNOTE_LOG_LEVEL="DEBUG",
            **point_at_slack(slack),
            **point_at_discord(discord),
        )
        async with serving(shell) as bot:
            yield Town(slack, discord, bot, module_url, shelf)


@pytest.fixture(params=["slack", "discord"])
def people(request: pytest.FixtureRequest, town: Town) -> Admins:
    return on_slack(town) if request.param == "slack" else on_discord(town)


def on_slack(town: Town) -> AdminOnSlack:
    return AdminOnSlack(town.slack)


def on_discord(town: Town) -> AdminOnDiscord:
    return AdminOnDiscord(town.discord)


async def add_folder(people: Admins, name: str, path: Path, channel: str = "general") -> Said:
    """Add a folder in chat; returns what the admin is told."""
    form = await people.open_form(people.admin, channel, f"sources add files {name}")
    return await people.fill_in(people.admin, channel, form, {"path": str(path)})


async def sync(people: Admins, channel: str, source: str) -> Said:
    """Sync a source in a channel of its own; returns the message once it tells the end."""
    await people.open_channel(channel)
    await people.begin(people.admin, channel, f"sync {source}")
    return await people.wait_for_public(channel, "after")


async def ask(people: Admins, question: str) -> str:
    (answer,) = await people.wait_for_answers(await people.mention(question))
    return answer.text


async def test_a_website_lives_from_slack_to_discord(town: Town) -> None:
    slack, discord = on_slack(town), on_discord(town)
    question = "What is the kitchen on floor 1 called?"
    async with Site() as site:
        # Added in Slack: what is wrong is told where it was typed.
        form = await slack.open_form("alma", "general", "sources add website")
        wrong = {"name": "House Guide", "url": site.address}
        told = await slack.fill_in("alma", "general", form, wrong)
        assert "no name for a source" in told.text
        wrong = {"name": "guide", "url": "http://10.0.0.1/guide/"}
        assert "not added" in (await slack.fill_in("alma", "general", form, wrong)).text
        right = {"name": "guide", "url": site.address}
        added = await slack.fill_in("alma", "general", form, right)
        assert "guide is added" in added.text

        # Synced by the button, watched in one message.
        await slack.press("alma", "general", added, "Sync it now")
        done = await slack.wait_for_public("general", "is done")
        assert "7 listed · 7 added · 0 updated · 0 deleted" in done.text
        assert "Run " in done.text
        assert "Basil" in await ask(slack, question)

        # A page changes, and the site is synced again from Discord.
        site.pages["floor-1"] = _describe(1, "Saffron")
        again = await sync(discord, "guide-changed", "guide")
        assert "1 updated · 0 deleted" in again.text
        answer = await ask(discord, question)
        assert "Saffron" in answer
        assert "Basil" not in answer

        # It is deleted, and the answer goes with it.
        del site.pages["floor-1"]
        assert "1 deleted" in (await sync(discord, "guide-deleted", "guide")).text
        assert "Saffron" not in await ask(slack, question)

    # Who did what is in the log: what was rejected too, but no value of a form.
    added_by = await town.read_audit("sources add website guide")
    assert [entry[:2] for entry in added_by] == [
        ("U0ALMA00001", "rejected"),
        ("U0ALMA00001", "added"),
    ]
    log = await slack.order("alma", "general", "audit 50")
    assert "U0ALMA00001 in C0GENERAL01: `/sources add website guide` → added" in log.text


async def test_unusually_many_deletions_wait_for_an_admin(town: Town, people: Admins) -> None:
    name = f"rooms-{people.name}"
    rooms = write_documents(
        town.shelf / name,
        {f"room-{n}.txt": f"Room {n} of {people.name} holds {n * 7} people.\n" for n in range(12)},
    )
    await add_folder(people, name, rooms)
    assert "12 added" in (await sync(people, f"{name}-1", name)).text
    for number in range(6):
        (rooms / f"room-{number}.txt").unlink()
    held = await sync(people, f"{name}-2", name)
    assert "failed" in held.text
    assert "0 deleted" in held.text
    for number in range(6):
        assert f"room-{number}.txt" in held.text
    question = f"How many people does room 3 of {people.name} hold?"
    assert "21" in await ask(people, question)

    # Whoever is no admin may look at the button.
    await people.press(people.member, f"{name}-2", held, "Delete them")
    refused = await people.wait_for_whisper(people.member, f"{name}-2", "for admins")
    assert "Sorry" in refused.text
    await people.press(people.admin, f"{name}-2", held, "Delete them")
    done = await people.wait_for_public(f"{name}-2", "6 deleted")
    assert "is done" in done.text
    assert "21" not in await ask(people, question)


async def test_a_sync_is_stopped_by_its_button(town: Town, people: Admins) -> None:
    name, channel = f"slow-{people.name}", f"slow-{people.name}-1"
    await people.open_channel(channel)
    async with Site() as site:
        form = await people.open_form(people.admin, "general", f"sources add website {name}")
        added = await people.fill_in(people.admin, "general", form, {"url": site.address})
        assert f"{name} is added" in added.text
        site.quick.clear()
        await people.begin(people.admin, channel, f"sync {name}")
        started = await people.wait_for_public(channel, "Sync of")
        again = await people.order(people.admin, channel, f"sync {name}")
        assert f"Being synced already: {name}." in again.text
        await people.press(people.member, channel, started, "Cancel")
        assert "Sorry" in (await people.wait_for_whisper(people.member, channel, "admins")).text
        await people.press(people.admin, channel, started, "Cancel")
        assert f"Sync of {name}" in (await people.wait_for_public(channel, "was cancelled")).text


async def test_whoever_is_no_admin_gets_no_form_and_a_polite_refusal(
    town: Town, people: Admins
) -> None:
    name = f"intruder-{people.name}"
    for words in (f"sources add files {name}", "sources test handbook", "sync status", "audit"):
        refusal = await people.order(people.member, "general", words)
        assert refusal.text == "Sorry, that is for admins. Ask one of them, or ask me a question."
    ((_, outcome, _),) = await town.read_audit(f"sources add files {name}")
    assert outcome == "refused"
    helped = await people.order(people.member, "general", _help(people))
    assert "/ask" in helped.text
    assert "/sources add" not in helped.text
    assert "/sources add" in (await people.order(people.admin, "general", _help(people))).text


def _help(people: Admins) -> str:
    return "footnote help" if isinstance(people, AdminOnSlack) else "help"


async def test_a_schedule_fires_unless_it_is_paused(town: Town, people: Admins) -> None:
    name = f"menu-{people.name}"
    menu = write_documents(town.shelf / name, {"menu.txt": "Monday is soup day.\n"})
    await add_folder(people, name, menu)
    form = await people.open_form(people.admin, "general", f"sources schedule {name}")
    wrong = await people.fill_in(people.admin, "general", form, {"when": "often"})
    assert "is no cron expression" in wrong.text
    if isinstance(people, AdminOnDiscord):
        form = await people.open_form(people.admin, "general", f"sources schedule {name}")
    told = await people.fill_in(people.admin, "general", form, {"when": "0 3 * * *"})
    assert f"{name} is read by itself: 0 3 * * *, UTC." in told.text

    await people.order(people.admin, "general", f"sources pause {name}")
    assert "paused" in (await people.order(people.admin, "general", "sources list")).text
    await town.execute("UPDATE source SET next_sync_at = now() WHERE name = %s", name)
    resumed = await people.order(people.admin, "general", f"sources resume {name}")
    assert "goes on. It is read in" in resumed.text
    assert await _count_runs(town, name) == 0

    await town.execute("UPDATE source SET next_sync_at = now() WHERE name = %s", name)

    async def has_run() -> bool:
        return await _count_runs(town, name) == 1

    await wait_until(has_run)
    await wait_until_quiet(town.url)
    history = await people.order(people.admin, "general", f"sync history {name}")
    assert f"Sync of {name} is done" in history.text
    assert "1 added" in history.text

    # Nobody waits for it, so a failure is told where the schedule was set.
    menu.rename(menu.with_name(f"{name}-away"))
    await town.execute("UPDATE source SET next_sync_at = now() WHERE name = %s", name)
    told = await people.wait_for_public("general", "failed after")
    assert f"Sync of {name} failed" in told.text
    assert await town.read_audit(f"sources pause {name}") == [
        (_id(town, people), "paused", "active → paused")
    ]


async def _count_runs(town: Town, name: str) -> int:
    rows = await town.execute(
        "SELECT count(*) FROM sync_run JOIN source USING (tenant_id, source_id) "
        "WHERE name = %s AND state = 'succeeded'",
        name,
    )
    return int(str(rows[0][0]))


def _id(town: Town, people: Admins) -> str:
    if isinstance(people, AdminOnSlack):
        return "U0ALMA00001"
    return str(town.discord.world.find_user(people.admin).id)


async def test_a_source_that_is_down_is_told_and_loses_nothing(town: Town, people: Admins) -> None:
    name = f"notes-{people.name}"
    question = f"Who waters the plants of {people.name}?"
    notes = write_documents(
        town.shelf / name, {"plants.txt": f"Rosa waters the plants of {people.name}.\n"}
    )
    await add_folder(people, name, notes)
    await sync(people, f"{name}-1", name)
    hidden = notes.rename(notes.with_name(f"{name}-away"))
    tried = await people.order(people.admin, "general", f"sources test {name}")
    assert f"{name} cannot be read" in tried.text
    failed = await sync(people, f"{name}-2", name)
    assert "failed" in failed.text
    assert "0 deleted" in failed.text
    assert "Rosa" in await ask(people, question)
    status = await people.order(people.admin, "general", f"sync status {name}")
    assert "failed" in status.text
    hidden.rename(notes)
    assert "1 unchanged" in (await sync(people, f"{name}-3", name)).text


async def test_a_source_is_removed_with_what_it_gave(town: Town, people: Admins) -> None:
    name = f"lost-{people.name}"
    question = f"Where is the umbrella of {people.name}?"
    lost = write_documents(
        town.shelf / name, {"lost.txt": f"The umbrella of {people.name} is in the cellar.\n"}
    )
    await add_folder(people, name, lost)
    await sync(people, f"{name}-1", name)
    assert "cellar" in await ask(people, question)
    asked = await people.order(people.admin, "general", f"sources remove {name}")
    assert "the 1 document" in asked.text
    await people.press(people.admin, "general", asked, f"Remove {name}")
    await people.wait_for_whisper(people.admin, "general", f"{name} is removed")
    assert "is removed" in (await people.read_again("general", asked, people.admin)).text
    assert "cellar" not in await ask(people, question)


async def test_a_sync_is_announced_with_its_run_and_its_document_described(
    town: Town, people: Admins
) -> None:
    done = await sync(people, f"handbook-{people.name}", "handbook")
    run = done.text.split("Run ")[1].split()[0].rstrip(")")
    errors = await people.order(people.admin, "general", "sync history handbook")
    assert run in errors.text
    url = "https://wiki.example.com/handbook/holidays.md"
    described = await people.order(people.admin, "general", f"doc {url}")
    assert "Holidays is indexed." in described.text
    assert "Carrying over" in described.text


async def test_a_secret_of_a_form_is_in_no_log_and_in_no_table(town: Town) -> None:
    slack, discord = on_slack(town), on_discord(town)
    values = {"token": SECRET, "api_url": "http://10.0.0.1/api/v3"}
    for people in (slack, discord):
        words = f"sources add github secret-{people.name}"
        form = await people.open_form(people.admin, "general", words)
        repository, *_ = _name_fields(town, people, form)
        told = await people.fill_in(
            people.admin, "general", form, {repository: "acme/app", **values}
        )
        assert "not added" in told.text
        assert SECRET not in told.text
    await wait_until_quiet(town.url)
    assert not [line for line in town.bot.log if SECRET in line]
    tables = await town.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
        "AND table_type = 'BASE TABLE'"
    )
    for (table,) in tables:
        found = await town.execute(
            f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', f"%{SECRET}%"
        )
        assert found == [(0,)], table


def _name_fields(town: Town, people: Admins, form: object) -> list[str]:
    """The names of the first fields of an open form."""
    if isinstance(people, AdminOnSlack):
        view = town.slack.workspace.views[str(form)]
        return [b["block_id"] for b in view.definition["blocks"] if b["type"] == "input"]
    assert isinstance(form, dict)
    parts = form["modal"]["components"]
    return [p["component"]["custom_id"] for p in parts if p["component"]["custom_id"] != "token"]


async def test_buttons_and_commands_go_on_after_a_restart(synced_url: str, tmp_path: Path) -> None:
    """The buttons of messages that another process posted."""
    many = {f"page-{n}.txt": f"Page {n} is about {n}.\n" for n in range(10)}
    pages = write_documents(tmp_path / "pages", many)
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        shell = Shell(
            tmp_path, DATABASE_URL=synced_url, **point_at_slack(slack), **point_at_discord(discord)
        )
        await asyncio.gather(shell.run("sources", "add", "pages", str(pages)))
        people: list[Readers] = [ReaderOnSlack(slack), ReaderOnDiscord(discord)]
        async with serving(shell):
            answers = [
                (await each.wait_for_answers(await each.mention(CARRIED_OVER)))[0]
                for each in people
            ]
            await sync(people[0], "pages-first", "pages")
            for number in range(5):
                (pages / f"page-{number}.txt").unlink()
            held = [await sync(each, f"pages-{each.name}", "pages") for each in people]
        async with serving(shell):
            await people[1].press(people[1].admin, "pages-discord", held[1], "Delete them")
            done = await people[1].wait_for_public("pages-discord", "5 deleted")
            assert "is done" in done.text
            await people[0].press(people[0].admin, "pages-slack", held[0], "Delete them")
            gone = await people[0].wait_for_public("pages-slack", "is done")
            assert "0 deleted" in gone.text
            for each, rated in zip(people, answers, strict=True):
                await _rate_twice(each, rated)
        votes = (await shell.run("feedback", "--json")).json["feedback"]
        assert {(vote["platform"], vote["vote"], vote["reason"]) for vote in votes} == {
            (each.name, "bad", "wrong") for each in people
        }


async def _rate_twice(people: Readers, answer: Said) -> None:
    """Thumbs up, then thumbs down with a reason: the last one counts."""
    assert "Thank you" in (await people.rate_up(people.member, "help", answer)).text
    form = await people.rate_down(people.member, "help", answer)
    reason = "wrong" if people.name == "slack" else ["wrong"]
    thanks = await people.fill_in(people.member, "help", form, {"reason": reason, "comment": ""})
    assert "Thank you" in thanks.text
