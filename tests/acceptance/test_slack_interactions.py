"""Buttons and modals of the Slack adapter, over sockets and over HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from bot.model import REPLACES, ChannelKind, Command, Person, Place, Platform
from bot.platforms import slack_forms
from bot.platforms.slack_platform import HttpServer, SlackPlatform
from bot.ports import Rejected
from bot.rendering.reply import Button, Paragraph, Reply, Text
from retrieval.errors import StoreUnavailable
from tests.acceptance.test_slack_events import Recorder, build, running
from tests.emulators.slack import SlackEmulator
from tests.fakes.form_desk import KIND, TEST, WEBSITE, ScriptedDesk

SECRET = "canary-7f3a"
FILLED = {"name": "docs", "url": "https://docs.example", "token": SECRET}


class Names:
    """The names of sources, for alma alone."""

    async def list_for(self, place: Place, person: Person) -> Sequence[str]:
        return ["handbook", "wiki", "all"] if person.name == "alma" else []


class Scene:
    """A workspace with the adapter connected to it."""

    def __init__(self, slack: SlackEmulator, platform: SlackPlatform, desk: ScriptedDesk) -> None:
        self.slack, self.platform, self.desk = slack, platform, desk
        self.recorder = Recorder()

    async def open(self, words: str, person: str = "alma") -> str:
        await self.slack.driver.command(person, "help", "/sources", words)
        return str((await self.slack.driver.wait_for_view(person))["view_id"])

    async def post(self, reply: Reply) -> str:
        """Say something with buttons; returns its ts."""
        place = Place(Platform.SLACK, self.slack.team_id, "C0HELP00001", ChannelKind.PUBLIC)
        token = {"user": "U0ALMA00001"}
        await self.platform.messenger.post(place, reply, key="k1", reply_token=token)
        if reply.private:
            (seen,) = await self.slack.driver.wait_for_ephemeral("help", "alma")
        else:
            (seen,) = await self.slack.driver.wait_for_reply("help", None)
        return str(seen["ts"])


@pytest.fixture(params=["sockets", "http"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    desk, recorder = ScriptedDesk(), Recorder()
    async with SlackEmulator() as slack:
        server = HttpServer(slack.signing_secret, port=0)
        over = {"app_token": None, "server": server} if request.param == "http" else {}
        platform = build(slack, recorder, desk=desk, source_names=Names(), **over)
        scene = Scene(slack, platform, desk)
        scene.recorder = recorder
        async with running(platform):
            if platform.http is not None:
                await slack.driver.set_request_url(f"{platform.http.address}/slack/events")
            yield scene


def say(words: str, *buttons: Button, private: bool = False) -> Reply:
    return Reply((Paragraph((Text(words),)),), private=private, buttons=buttons)


# Buttons


async def test_a_button_gives_its_command_as_whoever_pressed_it(scene: Scene) -> None:
    ts = await scene.post(say("Sync of handbook is running.", Button("Stop", "sync cancel wiki")))
    clicked = await scene.slack.driver.click("bruno", "help", ts, "button0")
    assert clicked["acked"]
    (command,) = scene.recorder.commands
    assert (command.name, command.words) == ("sync", ("cancel", "wiki"))
    assert command.person == Person("U0BRUNO0001", "bruno")
    assert command.place.channel_kind is ChannelKind.PUBLIC
    assert command.reply_token == {
        "user": "U0BRUNO0001",
        "response_url": clicked["response_url"],
    }


async def test_the_reply_to_a_public_button_is_private_and_leaves_the_message(
    scene: Scene,
) -> None:
    ts = await scene.post(say("Sync of handbook is running.", Button("Stop", "sync cancel wiki")))
    await scene.slack.driver.click("bruno", "help", ts, "button0")
    (command,) = scene.recorder.commands
    await scene.platform.messenger.post(
        command.place, say("No.", private=True), key="k2", reply_token=command.reply_token
    )
    (seen,) = await scene.slack.driver.wait_for_ephemeral("help", "bruno")
    assert seen["text"] == "No."
    assert (await scene.slack.driver.wait_for_reply("help", None))[0]["text"].startswith("Sync")


async def test_the_reply_to_a_private_button_takes_the_place_of_the_question(
    scene: Scene,
) -> None:
    ask = say("Remove it?", Button("Remove", "sources remove wiki yes", "danger"), private=True)
    await scene.slack.driver.click("alma", "help", await scene.post(ask), "button0")
    (command,) = scene.recorder.commands
    assert command.reply_token[REPLACES]
    await scene.platform.messenger.post(
        command.place, say("Removed.", private=True), key="k2", reply_token=command.reply_token
    )
    (seen,) = await scene.slack.driver.wait_for_ephemeral("help", "alma")
    assert seen["text"] == "Removed."


async def test_a_press_that_cannot_be_taken_down_is_not_acked(scene: Scene) -> None:
    ts = await scene.post(say("Sync of handbook is running.", Button("Stop", "sync cancel wiki")))
    scene.recorder.failures = 1
    assert not (await scene.slack.driver.click("alma", "help", ts, "button0"))["acked"]


async def test_a_button_opens_the_form_of_its_command(scene: Scene) -> None:
    ts = await scene.post(say("Add one?", Button("Add", "sources add website")))
    await scene.slack.driver.click("alma", "help", ts, "button0")
    view = await scene.slack.driver.wait_for_view("alma")
    assert view["title"]["text"] == "Add a website"
    assert scene.recorder.commands == []


# Modals


async def test_a_command_with_a_form_opens_it_and_is_not_taken_down(scene: Scene) -> None:
    await scene.open("add website")
    assert scene.recorder.commands == []
    # Nobody is told 'On it…' as nothing has begun.
    assert not scene.slack.workspace.channel("help").ephemerals


async def test_whoever_gets_no_form_has_the_command_taken_down(scene: Scene) -> None:
    await scene.slack.driver.command("bruno", "help", "/sources", "add website")
    (command,) = scene.recorder.commands
    assert command.words == ("add", "website")
    assert await scene.slack.driver.views("bruno") == []


async def test_one_form_leads_to_the_next(scene: Scene) -> None:
    view = await scene.open("add")
    scene.desk.outcomes = [WEBSITE, say("Added.", private=True)]
    first = await scene.slack.driver.submit("alma", view, {"kind": "website"})
    assert first["view_id"] == view
    second = await scene.slack.driver.submit("alma", view, FILLED)
    assert second["view_id"] is None
    chosen, filled = scene.desk.submissions
    assert (chosen.command.words, chosen.values) == (("add",), {"kind": "website"})
    assert (filled.command.words, filled.values) == (("add", "website"), FILLED)
    assert filled.command.person == Person("U0ALMA00001", "alma")
    assert filled.command.place.channel == "C0HELP00001"
    await scene.slack.driver.wait_for_ephemeral("help", "alma", containing="Added.")


async def test_errors_are_shown_below_their_fields(scene: Scene) -> None:
    view = await scene.open("add website")
    scene.desk.outcomes = [Rejected(WEBSITE, {"name": "There is one already."})]
    result = await scene.slack.driver.submit("alma", view, FILLED)
    assert result["errors"] == {"name": "There is one already."}
    assert result["error"] is None
    assert result["view_id"] == view


async def test_a_problem_is_shown_above_what_was_filled_in(scene: Scene) -> None:
    view = await scene.open("add website")
    form = replace(WEBSITE, problem="It cannot be reached.")
    scene.desk.outcomes = [Rejected(form)]
    await scene.slack.driver.submit("alma", view, FILLED)
    shown = await scene.slack.driver.wait_for_view("alma")
    assert "It cannot be reached." in shown["blocks"][0]["text"]["text"]


async def test_what_takes_long_goes_on_behind_a_modal_that_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.platform.receiver._forms, "_patience", 0.05)
    view = await scene.open("add website")
    scene.desk.gate = asyncio.Event()
    scene.desk.outcomes = [Rejected(replace(WEBSITE, problem="It cannot be reached."))]
    submitted = await scene.slack.driver.submit("alma", view, FILLED)
    assert submitted["view_id"] == view
    shown = await scene.slack.driver.wait_for_view("alma")
    assert shown["blocks"][0]["text"]["text"] == slack_forms.TRYING
    before = len(scene.slack.journal.entries)
    scene.desk.gate.set()
    await scene.slack.driver.wait_for_entry("view.updated", after=before)
    shown = await scene.slack.driver.wait_for_view("alma")
    assert "It cannot be reached." in shown["blocks"][0]["text"]["text"]


async def test_a_modal_that_the_bot_cannot_finish_says_so(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.platform.receiver._forms, "_patience", 0.05)
    view = await scene.open("add website")
    scene.desk.gate = asyncio.Event()
    await scene.slack.driver.submit("alma", view, FILLED)
    await scene.platform.receiver.close()
    shown = await scene.slack.driver.wait_for_view("alma")
    assert shown["blocks"][0]["text"]["text"] == slack_forms.NOT_TAKEN.en


async def test_a_command_that_a_form_gives_is_taken_down(scene: Scene) -> None:
    view = await scene.open("test")
    command = Command(
        event="slack:form",
        name="sources",
        words=("test", "wiki"),
        place=Place(Platform.SLACK, "T0FOOTNOTE1", "C0HELP00001", ChannelKind.PUBLIC),
        person=Person("U0ALMA00001"),
        at=scene.desk.asked[-1].at,
    )
    scene.desk.outcomes = [command]
    await scene.slack.driver.submit("alma", view, {"source": "wiki"})
    assert scene.recorder.commands == [command]


async def test_a_select_offers_the_sources_to_those_who_may_know_them(scene: Scene) -> None:
    view = await scene.open("test")
    scene.desk.admins.add("bruno")
    other = await scene.open("test", "bruno")

    async def offer(person: str, view: str, typed: str = "") -> list[str]:
        options = await scene.slack.driver.suggest(person, view, "source", typed)
        return [option["value"] for option in options]

    assert await offer("alma", view) == ["handbook", "wiki"]
    assert await offer("alma", view, "WI") == ["wiki"]
    assert await offer("bruno", other) == []


async def test_a_desk_that_fails_is_told_and_its_words_are_not_logged(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    view = await scene.open("add website")
    scene.desk.outcomes = [StoreUnavailable(f"token {SECRET} was not stored")]
    await scene.slack.driver.submit("alma", view, FILLED)
    shown = await scene.slack.driver.wait_for_view("alma")
    assert shown["blocks"][0]["text"]["text"] == slack_forms.NOT_TAKEN.en
    assert SECRET not in caplog.text


async def test_a_form_that_cannot_be_opened_is_told(scene: Scene) -> None:
    scene.desk.faults = [StoreUnavailable()]
    await scene.slack.driver.command("alma", "help", "/sources", "add")
    await scene.slack.driver.wait_for_ephemeral("help", "alma", containing="try again")


def test_the_forms_of_the_fake_are_forms_of_one_command_each() -> None:
    assert len({form.command for form in (KIND, WEBSITE, TEST)}) == 3
