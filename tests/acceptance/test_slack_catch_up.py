"""What Slack has given up delivering is read from the conversations, and heard once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.errors import AppNotInstalled
from bot.model import Acceptance, IncomingMessage, MessageKey
from bot.platforms import slack_patience, slack_reading
from bot.platforms.slack_account import SlackAccount
from bot.platforms.slack_catch_up import CatchUp
from bot.platforms.slack_platform import HttpServer, SlackPlatform
from bot.tasks import running_beside
from tests.acceptance.people import OnSlack
from tests.acceptance.program import Shell, point_at_slack, serving, wait_until, wait_until_quiet
from tests.acceptance.test_slack_events import Recorder, build, running, with_quick_sockets
from tests.emulators.slack import SlackEmulator
from tests.fakes.slack_records import Heard, InMemoryGaps

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@dataclass
class Notebook(Recorder):
    """Keeps each message once, as the inbox does."""

    known: set[MessageKey] = field(default_factory=set)

    async def accept(self, message: IncomingMessage) -> Acceptance:
        if message.message in self.known:
            return Acceptance.DUPLICATE
        acceptance = await super().accept(message)
        if acceptance is Acceptance.ACCEPTED:
            self.known.add(message.message)
        return acceptance

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
async def world() -> Any:
    """A workspace where Slack gives up at once."""
    async with SlackEmulator() as slack:
        slack.backend.courier.retry_delays = ()
        yield slack


def remember(slack: SlackEmulator) -> InMemoryGaps:
    return InMemoryGaps({slack.team_id: Heard()})


def connect(
    slack: SlackEmulator, notebook: Notebook, gaps: InMemoryGaps, **options: Any
) -> SlackPlatform:
    """The adapter; it looks for gaps all the time and waits for nobody."""
    platform = build(slack, notebook, **{"gaps": gaps, "span": DAY, **options})
    if platform.catch_up is not None:
        platform.catch_up._beat = 0.02
        platform.catch_up._pause = Pauses()
    return platform


class Pauses(list[float]):
    """Notes the pauses that it does not make."""

    async def __call__(self, seconds: float) -> None:
        self.append(seconds)
        await asyncio.sleep(0)


def list_pauses(platform: SlackPlatform) -> Pauses:
    assert platform.catch_up is not None
    assert isinstance(platform.catch_up._pause, Pauses)
    return platform.catch_up._pause


@asynccontextmanager
async def caught_up(platform: SlackPlatform, gaps: InMemoryGaps) -> AsyncIterator[SlackPlatform]:
    """The adapter, once it has read whatever was missed."""
    starts = gaps.starts

    async def is_read() -> bool:
        return gaps.starts > starts and not gaps.missed

    async with running(platform):
        await wait_until(is_read)
        yield platform


def list_calls(slack: SlackEmulator, method: str) -> list[Any]:
    calls = slack.journal.of_kind("api.called")
    return [call.data["args"] for call in calls if call.data["method"] == method]


async def test_what_was_asked_while_nobody_was_there_is_heard(
    world: SlackEmulator, notebook: Notebook
) -> None:
    gaps = remember(world)
    people = world.driver
    async with caught_up(connect(world, notebook, gaps), gaps):
        before = await people.mention("bruno", "help", "before?")
        await notebook.wait_for(1)
    gaps.asked = [(before["channel"], before["ts"])]
    await people.add_user("robo", bot_id="B0ROBO00001")
    await people.join("robo", "help")
    await people.mention("bruno", "help", "first?")
    await people.post("chen", "help", "lunch?")
    await people.mention("bruno", "leads", "second?")
    begun = await people.post("chen", "general", "who knows?")
    await people.mention("alma", "general", "in a thread?", thread_ts=begun["ts"])
    await people.mention("robo", "help", "beep?")
    await people.dm("chen", "directly?")
    await people.post("alma", "help", "and then?", thread_ts=before["ts"])
    edited = await people.mention("alma", "help", "edited, wrongly?")
    await people.edit("alma", "help", edited["ts"], f"<@{world.bot_user_id}> edited?")
    deleted = await people.mention("alma", "help", "deleted?")
    await people.delete("alma", "help", deleted["ts"])
    gaps.passed += HOUR
    async with caught_up(connect(world, notebook, gaps), gaps):
        heard = notebook.texts[1:]
        assert heard[:3] == ["first?", "and then?", "edited?"]
        assert sorted(heard[3:-1]) == ["directly?", "second?"]
        # It may be nothing but people who talk, so it comes last.
        assert heard[-1] == "in a thread?"
        follow_up = next(each for each in notebook.messages if each.text == "and then?")
        assert follow_up.place.thread == before["ts"]
    assert {each.text for each in notebook.overheard} == {"lunch?", "beep?", "who knows?"}
    async with caught_up(connect(world, notebook, gaps), gaps):
        pass
    assert notebook.texts[1:] == heard


async def test_what_happened_to_earlier_questions_is_heard(
    world: SlackEmulator, notebook: Notebook
) -> None:
    gaps = remember(world)
    async with caught_up(connect(world, notebook, gaps), gaps):
        changed = await world.driver.mention("bruno", "help", "before?")
        gone = await world.driver.mention("bruno", "help", "soon gone?")
        await notebook.wait_for(2)
    await world.driver.post("alma", "help", "I know", thread_ts=gone["ts"])
    gaps.passed += HOUR
    text = f"<@{world.bot_user_id}> after?"
    await world.driver.edit("bruno", "help", changed["ts"], text)
    await world.driver.delete("bruno", "help", gone["ts"])
    async with caught_up(connect(world, notebook, gaps), gaps):
        pass
    assert [message.text for message in notebook.edited] == ["after?"]
    assert notebook.deleted == [f"slack:T0FOOTNOTE1:C0HELP00001:{gone['ts']}"]
    assert notebook.texts == ["before?", "soon gone?", "I know"]


async def test_answers_to_what_is_read_late_say_so(
    world: SlackEmulator, notebook: Notebook
) -> None:
    gaps = remember(world)
    async with caught_up(connect(world, notebook, gaps), gaps):
        await world.driver.mention("bruno", "help", "before?")
        await notebook.wait_for(1)
    await world.driver.mention("bruno", "help", "missed?")
    await world.driver.post("chen", "help", "does anybody know?")
    gaps.passed += HOUR
    platform = connect(world, notebook, gaps)
    platform.receiver._now = gaps.now
    async with caught_up(platform, gaps):
        assert {each.text: each.late for each in notebook.messages} == {
            "before?": False,
            "missed?": True,
        }
    # Who asked nobody in particular does not wait for an answer any more.
    assert notebook.overheard == []


async def test_sockets_that_were_away_have_missed_something(
    world: SlackEmulator, notebook: Notebook
) -> None:
    gaps = remember(world)
    platform = with_quick_sockets(connect(world, notebook, gaps))

    async def is_cut_off() -> bool:
        return not platform.is_receiving

    async with caught_up(platform, gaps):
        await world.driver.kill_urls(1000)
        await world.driver.abort_sockets()
        await wait_until(is_cut_off)
        gaps.passed += HOUR
        await world.driver.dm("bruno", "meanwhile?")
        world.backend.sockets.dead_urls = 0
        await notebook.wait_for(1, timeout=30)
    assert notebook.texts == ["meanwhile?"]


async def test_over_http_too(world: SlackEmulator, notebook: Notebook) -> None:
    gaps = remember(world)
    over_http = {"app_token": None}

    def connect_again() -> SlackPlatform:
        server = HttpServer(world.signing_secret, port=0)
        return connect(world, notebook, gaps, server=server, **over_http)

    async with caught_up(connect_again(), gaps):
        pass
    await world.driver.dm("bruno", "meanwhile?")
    gaps.passed += HOUR
    async with running(connect_again()):
        await notebook.wait_for(1)
    assert notebook.texts == ["meanwhile?"]


@pytest.mark.parametrize("span", [timedelta(0), timedelta(microseconds=1)])
async def test_what_is_too_old_is_let_go(
    world: SlackEmulator, notebook: Notebook, span: timedelta
) -> None:
    gaps = remember(world)
    gaps.linked[world.team_id].heard_at = gaps.now() - HOUR
    await world.driver.mention("bruno", "help", "long ago?")
    platform = connect(world, notebook, gaps, span=span)
    async with caught_up(platform, gaps) if span else running(platform):
        await world.driver.mention("bruno", "help", "now?")
        await notebook.wait_for(1)
    assert notebook.texts == ["now?"]


async def test_who_is_new_has_missed_nothing(world: SlackEmulator, notebook: Notebook) -> None:
    gaps = remember(world)
    await world.driver.mention("bruno", "help", "before it was there?")
    async with caught_up(connect(world, notebook, gaps), gaps):
        pass
    assert notebook.messages == []
    assert list_calls(world, "users.conversations") == []


async def test_a_restart_looks_only_where_something_was_asked_of_late(
    world: SlackEmulator, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_reading, "FEW", 3)
    monkeypatch.setattr(slack_patience, "AT_ONCE", 3)
    gaps = remember(world)
    gaps.asked = [("C0HELP00001", None)]
    async with caught_up(connect(world, notebook, gaps), gaps):
        pass
    async with caught_up(connect(world, notebook, gaps), gaps):
        calls = list_calls(world, "conversations.history")
        assert [call["channel"] for call in calls] == ["C0HELP00001"]
    gaps.passed += HOUR
    async with caught_up(connect(world, notebook, gaps), gaps) as platform:
        pauses = list_pauses(platform)
    calls = list_calls(world, "conversations.history")
    everywhere = [channel.id for channel in world.workspace.channels.values()]
    everywhere.remove("C0RANDOM001")
    assert calls[1]["channel"] == "C0HELP00001"
    assert sorted(call["channel"] for call in calls[1:]) == sorted(everywhere)
    # Beyond the first few, calls leave room for others.
    assert len(pauses) == len(everywhere) + 1 - slack_patience.AT_ONCE
    assert set(pauses) == {slack_patience.PACE}


async def test_replies_are_looked_for_where_they_may_be(
    world: SlackEmulator, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.platforms.slack_history.PAGE", 2)
    gaps = remember(world)
    old = await world.driver.post("bruno", "help", "long ago")
    async with caught_up(connect(world, notebook, gaps), gaps):
        for number in range(3):
            await world.driver.mention("bruno", "help", f"question {number}?")
        await notebook.wait_for(3)
    gaps.asked = [("C0HELP00001", old["ts"]), ("C0HELP00001", None)]
    threads = [old["ts"], notebook.messages[2].place.thread or ""]
    for thread in threads:
        for number in range(3):
            text = f"reply {number}?"
            await world.driver.post("chen", "help", text, thread_ts=thread)
    gaps.passed += HOUR
    async with caught_up(connect(world, notebook, gaps), gaps):
        pass
    # What was said since the gap began is on the newest pages; the thread of before is known.
    asked_for = {call["ts"] for call in list_calls(world, "conversations.replies")}
    assert asked_for == set(threads)
    replies = [message for message in notebook.messages if message.text.startswith("reply")]
    assert len(replies) == 6


Trouble = Callable[[SlackEmulator, InMemoryGaps], None]


def limit_rate(world: SlackEmulator, gaps: InMemoryGaps) -> None:
    world.faults.add("conversations.history", "rate_limited", retry_after=77)


def fail(world: SlackEmulator, gaps: InMemoryGaps) -> None:
    world.faults.add("conversations.history", "server_error", times=4)


def lose_database(world: SlackEmulator, gaps: InMemoryGaps) -> None:
    gaps.failures = 3


@pytest.mark.parametrize("trouble", [limit_rate, fail, lose_database])
async def test_it_goes_on_when_slack_and_the_database_let_it(
    world: SlackEmulator, notebook: Notebook, trouble: Trouble
) -> None:
    gaps = remember(world)
    gaps.linked[world.team_id].heard_at = gaps.now() - HOUR
    await world.driver.mention("bruno", "help", "missed?")
    notebook.failures = 1
    trouble(world, gaps)
    async with caught_up(connect(world, notebook, gaps), gaps) as platform:
        pauses = list_pauses(platform)
    assert notebook.texts == ["missed?"]
    assert (77.0 in pauses) == (trouble is limit_rate)


async def test_what_slack_does_not_show_is_left_out(
    world: SlackEmulator, notebook: Notebook
) -> None:
    gaps = remember(world)
    gaps.linked[world.team_id].heard_at = gaps.now() - HOUR
    world.faults.add("conversations.history", "error", code="channel_not_found")
    for channel in ("general", "help"):
        await world.driver.mention("bruno", channel, f"in {channel}?")
    async with caught_up(connect(world, notebook, gaps), gaps):
        pass
    assert len(notebook.messages) == 1


async def test_what_could_not_be_taken_down_when_it_came_is_read(
    world: SlackEmulator, notebook: Notebook
) -> None:
    gaps = remember(world)
    async with caught_up(connect(world, notebook, gaps), gaps):
        notebook.failures = 1
        asked = await world.driver.dm("bruno", "in vain?")
        await notebook.wait_for(1)
        await world.driver.advance(3.1)
        (event,) = asked["event_ids"]
        await world.driver.wait_for_entry("event.given_up", match={"event_id": event})
    assert notebook.texts == ["in vain?"]


async def test_a_message_that_cannot_be_taken_down_stands_in_nobodys_way(
    world: SlackEmulator, notebook: Notebook
) -> None:
    gaps = remember(world)
    gaps.linked[world.team_id].heard_at = gaps.now() - HOUR
    for text in ("poison?", "missed?"):
        await world.driver.mention("bruno", "help", text)
    platform = connect(world, notebook, gaps)
    assert platform.catch_up is not None
    hear = platform.receiver.hear

    async def choke(payload: Any) -> None:
        if "poison" in payload["event"]["text"]:
            raise LookupError("poison")
        await hear(payload)

    platform.catch_up._hear = choke
    async with caught_up(platform, gaps):
        assert notebook.texts == ["missed?"]


async def test_an_app_that_is_rationed_reads_slowly(
    world: SlackEmulator, notebook: Notebook
) -> None:
    world.app.rationed = True
    gaps = remember(world)
    gaps.linked[world.team_id].heard_at = gaps.now() - HOUR
    for number in range(20):
        await world.driver.mention("bruno", "help", f"question {number}?")

    class Waits(Pauses):
        async def __call__(self, seconds: float) -> None:
            await world.driver.advance(seconds)
            await super().__call__(seconds)

    platform = connect(world, notebook, gaps)
    assert platform.catch_up is not None
    platform.catch_up._pause = waits = Waits()
    async with caught_up(platform, gaps):
        pass
    assert notebook.texts == [f"question {number}?" for number in range(20)]
    limits = world.journal.of_kind("api.limited")
    assert waits == [limit.data["retry_after"] for limit in limits]
    assert len(waits) == len(list_calls(world, "conversations.history")) - 1


async def test_one_process_reads(world: SlackEmulator, notebook: Notebook) -> None:
    gaps = remember(world)
    gaps.linked[world.team_id].heard_at = gaps.now() - HOUR
    world.faults.add("users.conversations", "timeout", seconds=60.0)

    async def both_look() -> bool:
        return gaps.starts == 2

    async with running(connect(world, notebook, gaps)):
        await world.driver.wait_for_entry("api.spoiled")
        first = gaps.linked[world.team_id].owner
        async with running(connect(world, notebook, gaps)):
            await wait_until(both_look)
            assert gaps.linked[world.team_id].owner == first
            assert list_calls(world, "users.conversations") == []
    assert gaps.linked[world.team_id].owner == ""


async def test_each_workspace_is_read_with_its_own_account(world: SlackEmulator) -> None:
    other = world.add_workspace("T0SECOND001", "Second Works", installed=True)
    tokens = {world.team_id: world.bot_token, "T0SECOND001": other._backend.app.bot_token}
    gaps = InMemoryGaps()
    for team in (*tokens, "T0LEFT00001", "T0BARRED001"):
        gaps.linked[team] = Heard(heard_at=gaps.now() - HOUR)
    await world.driver.mention("bruno", "help", "here?")
    await other.mention("emil", "help", "there?")
    heard: list[tuple[str, str]] = []
    sought: list[str] = []

    class Accounts:
        async def find(self, workspace: str) -> SlackAccount:
            sought.append(workspace)
            if workspace not in tokens:
                raise AppNotInstalled
            return SlackAccount(tokens[workspace], api_url=world.api_url)

    async def hear(payload: Any) -> None:
        heard.append((payload["team_id"], payload["event"]["text"].partition(" ")[2]))

    async def is_read() -> bool:
        return gaps.starts > 0 and not gaps.missed

    catch_up = CatchUp(
        gaps,
        Accounts(),
        hear,
        lambda team: team != "T0BARRED001",
        untaken=asyncio.Event(),
        span=DAY,
        beat=0.02,
    )
    receiving = asyncio.Event()
    receiving.set()
    async with running_beside(catch_up.run(receiving, None)):
        await wait_until(is_read)
    assert sorted(heard) == [(world.team_id, "here?"), ("T0SECOND001", "there?")]
    assert sorted(sought) == [world.team_id, "T0LEFT00001", "T0SECOND001"]


async def let_time_pass(url: str, span: timedelta) -> None:
    """Let the last sign of life of whoever received be so old."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("UPDATE workspace SET heard_at = heard_at - %s", [span])


@pytest.mark.parametrize("http", [False, True], ids=["sockets", "http"])
async def test_what_slack_gave_up_is_answered_once_in_its_thread(
    synced_url: str, tmp_path: Path, world: SlackEmulator, http: bool
) -> None:
    shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_slack(world, http=http))
    people = OnSlack(world)

    async def reach(facts: dict[str, Any]) -> None:
        if http:
            url = f"{facts['http']}/slack/events"
            await world.driver.set_request_url(url, verify=False)

    async with serving(shell) as bot:
        await reach(bot.facts)
        asked = await people.mention("What is the PIN of the printer?")
        (answer,) = await people.wait_for_answers(asked)
        await wait_until_quiet(synced_url)
        await bot.kill()
    missed = await people.mention("How many days can be carried over?")
    reply = await people.follow_up(asked, answer, "And what is the printer called?")
    directly = await people.write_directly("chen", "What is the PIN of the printer?")
    deleted = await people.mention("What is refunded for meals?")
    await world.driver.delete("bruno", "help", deleted["ts"])
    for told in (missed, reply, directly):
        for event in told["event_ids"]:
            given_up = {"event_id": event}
            await world.driver.wait_for_entry("event.given_up", match=given_up)
    await let_time_pass(synced_url, HOUR)
    async with serving(shell) as bot:
        await reach(bot.facts)
        assert "five days" in (await people.wait_for_answers(missed))[0].text
        assert "4711" in (await people.wait_for_answers(directly))[0].text
        assert "Gutenberg" in (await people.wait_for_answers(reply))[0].text
        # Slack delivers after all.
        await people.deliver_again(missed)
        await bot.wait_for_log(people.name_message(missed), "duplicate")
        await wait_until_quiet(synced_url)
    mine = [
        message
        for channel in world.workspace.channels.values()
        for message in channel.messages.values()
        if message.user == world.bot_user_id
    ]
    assert len(mine) == 4
