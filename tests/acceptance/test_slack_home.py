"""The Home tab of the Slack adapter, over sockets and over HTTP: opened, pressed, in a storm."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.model import ChannelKind, Command, Person, Place, Preferences
from bot.people.preferences import read_wish
from bot.platforms import slack_home
from bot.platforms.slack_platform import HttpServer
from bot.rendering.home import Home
from bot.rendering.welcome import REFRESH, HomeFacts, compose_home
from retrieval.errors import StoreUnavailable
from retrieval.model import ReadableSource
from tests.acceptance.homes import press_home, see_home
from tests.acceptance.program import PATIENCE
from tests.acceptance.test_slack_events import Recorder, build, running
from tests.emulators.slack import SlackEmulator
from tests.fakes.channels import grant
from tests.fakes.form_desk import ScriptedDesk

NOW = datetime(2026, 1, 31, tzinfo=UTC)
HANDBOOK = ReadableSource("handbook", 3, NOW)


class ScriptedHomes:
    """Satisfies Homes. `faults` are raised by the next calls; `gate` holds pages back."""

    def __init__(self) -> None:
        self.chosen = Preferences()
        self.faults: list[Exception] = []
        self.made: list[tuple[Place, Person]] = []
        self.gate: asyncio.Event | None = None
        self.at_work = self.most_at_work = 0

    async def compose(self, place: Place, person: Person, *, replied: bool = False) -> Home:
        self.made.append((place, person))
        self.at_work += 1
        self.most_at_work = max(self.at_work, self.most_at_work)
        chosen = self.chosen
        try:
            if self.gate is not None:
                await self.gate.wait()
            self._fail()
        finally:
            self.at_work -= 1
        managed = [] if person.id == "U0ALMA00001" else None
        facts = HomeFacts([HANDBOOK], chosen, managed=managed)
        return compose_home(facts, NOW, chosen.language or "en", replied=replied)

    async def take(self, command: Command) -> bool:
        self._fail()
        wish = read_wish(command.words) if command.name == "preferences" else None
        if wish is not None:
            self.chosen = grant(wish, self.chosen)
        return command.name in ("preferences", REFRESH)

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.pop(0)


class Scene:
    """A workspace with the adapter connected to it."""

    def __init__(self, slack: SlackEmulator, homes: ScriptedHomes, recorder: Recorder) -> None:
        self.slack, self.homes, self.recorder = slack, homes, recorder

    async def open(self, person: str = "bruno") -> None:
        await self.slack.driver.open_home(person)

    async def see(self, words: str, person: str = "bruno") -> dict[str, Any]:
        return await see_home(self.slack.driver, person, words)

    async def press(self, label: str, person: str = "bruno") -> dict[str, Any]:
        return await press_home(self.slack.driver, person, label)

    def count_published(self) -> int:
        return len(self.slack.journal.of_kind("home.published"))


@asynccontextmanager
async def stage(**options: Any) -> AsyncIterator[Scene]:
    homes, recorder = ScriptedHomes(), Recorder()
    async with SlackEmulator() as slack:
        if options.pop("over_http", False):
            options |= {"app_token": None, "server": HttpServer(slack.signing_secret, port=0)}
        platform = build(slack, recorder, homes=homes, **options)
        async with running(platform):
            if platform.http is not None:
                await slack.driver.set_request_url(f"{platform.http.address}/slack/events")
            yield Scene(slack, homes, recorder)


class Names:
    """No source has a name."""

    async def list_for(self, place: Place, person: Person) -> list[str]:
        return []


@pytest.fixture(params=["sockets", "http"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    desk = ScriptedDesk()
    async with stage(over_http=request.param == "http", desk=desk, source_names=Names()) as scene:
        yield scene


async def test_who_opens_the_tab_sees_their_page(scene: Scene) -> None:
    await scene.open()
    await scene.see("handbook")
    ((place, person),) = scene.homes.made
    assert person == Person("U0BRUNO0001")
    assert (place.workspace, place.channel_kind) == (scene.slack.team_id, ChannelKind.DIRECT)
    assert place.channel == scene.slack.workspace.direct("bruno", scene.slack.bot_user_id).id
    assert await scene.slack.driver.home("alma") is None


async def test_the_messages_tab_is_no_home_page(scene: Scene) -> None:
    await scene.slack.driver.open_home("bruno", tab="messages")
    await scene.open("chen")
    await scene.see("handbook", "chen")
    assert [person.id for _, person in scene.homes.made] == ["U0CHEN00001"]


async def test_a_choice_holds_and_shows_at_once(scene: Scene) -> None:
    await scene.open()
    await scene.see("handbook")
    assert (await scene.press("Deutsch"))["acked"]
    await scene.see("Was ich weiß")
    assert scene.homes.chosen == Preferences("de")
    assert (await scene.press("Nicht mehr sagen"))["acked"]
    await scene.see("Aus: Ich sage dir nicht")
    assert scene.recorder.commands == []


async def test_what_is_no_choice_is_taken_down_and_answered_among_the_messages(
    scene: Scene,
) -> None:
    await scene.open()
    await scene.see("handbook")
    assert (await scene.press("Forget my conversations"))["acked"]
    await scene.see("I answer you under Messages.")
    (command,) = scene.recorder.commands
    assert (command.name, command.words) == ("forget", ("all",))
    assert command.person == Person("U0BRUNO0001", "bruno")
    direct = scene.slack.workspace.direct("bruno", scene.slack.bot_user_id)
    assert (command.place.channel, command.place.channel_kind) == (direct.id, ChannelKind.DIRECT)
    assert command.reply_token == {"user": "U0BRUNO0001"}
    await scene.open()  # the next time, that is no news
    await scene.slack.driver.wait_for(
        lambda: "under Messages." not in str(scene.slack.workspace.homes["U0BRUNO0001"].definition),
        PATIENCE,
    )


async def test_a_button_with_a_form_opens_it(scene: Scene) -> None:
    await scene.open("alma")
    await scene.see("handbook", "alma")
    assert (await scene.press("Add a source", "alma"))["acked"]
    assert (await scene.slack.driver.wait_for_view("alma"))["title"]["text"] == "Add a source"
    assert scene.recorder.commands == []


async def test_a_page_that_fails_says_so_and_comes_back(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.homes.faults.append(StoreUnavailable("secret-host:5432"))
    await scene.open()
    view = await scene.see("I cannot reach my database")
    assert "secret-host" not in str(view)
    reference = view["blocks"][-1]["elements"][0]["text"].removeprefix("Reference ")
    assert reference in caplog.text
    assert (await scene.press("Try again"))["acked"]
    await scene.see("handbook")


async def test_a_press_that_cannot_be_taken_down_is_told_in_the_language_of_the_page(
    scene: Scene,
) -> None:
    scene.homes.chosen = Preferences("de")
    await scene.open()
    await scene.see("Was ich weiß")
    scene.homes.faults.append(StoreUnavailable())
    assert not (await scene.press("English"))["acked"]
    await scene.see("Ich erreiche meine Datenbank gerade nicht.")
    assert scene.homes.chosen == Preferences("de")


async def test_what_another_process_published_is_not_overwritten_by_what_is_older() -> None:
    async with stage() as scene:
        await scene.open()
        await scene.see("What I know")
        scene.homes.gate = asyncio.Event()
        await scene.open()
        await scene.slack.driver.wait_for(lambda: scene.homes.at_work == 1, PATIENCE)
        # Meanwhile the person chose, and the page is published by another process.
        scene.homes.chosen = Preferences("de")
        scene.slack.workspace.homes["U0BRUNO0001"].hash = "newer"
        scene.homes.gate.set()
        await scene.see("Was ich weiß")
        refused = [
            entry
            for entry in scene.slack.journal.of_kind("api.called")
            if entry.data["error"] == "hash_conflict"
        ]
        assert len(refused) == 1


async def test_a_storm_makes_few_pages_and_few_at_a_time() -> None:
    async with stage() as scene:
        people = [f"guest{number}" for number in range(12)]
        for name in people:
            await scene.slack.driver.add_user(name)
        scene.homes.gate = asyncio.Event()
        for _ in range(5):
            for name in people:
                await scene.open(name)
        await scene.slack.driver.wait_for(
            lambda: len(scene.slack.journal.of_kind("event.acked")) >= 60, PATIENCE
        )
        scene.homes.gate.set()
        for name in people:
            await scene.see("handbook", name)
        assert scene.homes.most_at_work == slack_home.AT_ONCE
        # One that was being made while it was wanted again is made once more, however often.
        assert len(scene.homes.made) <= 2 * len(people)


@pytest.mark.parametrize("code", ["not_enabled", "account_inactive"])
async def test_what_slack_refuses_is_told_to_the_operator(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with stage() as scene:
        await scene.slack.driver.fault("views.publish", "error", code=code)
        with caplog.at_level(logging.WARNING):
            await scene.open()
            await scene.slack.driver.wait_for(
                lambda: scene.slack.journal.of_kind("api.spoiled"), PATIENCE
            )
            assert scene.count_published() == 0
            await scene.open()
            await scene.see("handbook")
        assert code in caplog.text
