"""Buttons and modals of the Discord adapter."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.model import REPLACES, ChannelKind, Command, Person, Place, Platform
from bot.platforms import discord_forms
from bot.platforms.discord_platform import DiscordPlatform
from bot.ports import Rejected
from bot.rendering.form import Choice
from bot.rendering.reply import Button, Paragraph, Reply, Text
from retrieval.errors import StoreUnavailable
from tests.acceptance.test_discord_events import (
    Recorder,
    build,
    channel_id,
    guild_id,
    running,
    user_id,
    world,
)
from tests.emulators.discord import DiscordEmulator
from tests.fakes.form_desk import WEBSITE, ScriptedDesk

__all__ = ["world"]

SECRET = "canary-7f3a"
FILLED = {"name": "docs", "url": "https://docs.example", "token": SECRET}


class Scene:
    """A guild with the adapter connected to it."""

    def __init__(
        self,
        world: DiscordEmulator,
        platform: DiscordPlatform,
        desk: ScriptedDesk,
        recorder: Recorder,
    ) -> None:
        self.world, self.platform = world, platform
        self.desk, self.recorder = desk, recorder

    @property
    def place(self) -> Place:
        general = channel_id(self.world, "general")
        return Place(Platform.DISCORD, guild_id(self.world), general, ChannelKind.PUBLIC)

    async def post(self, reply: Reply) -> str:
        """Say something with buttons; returns the id of the message."""
        return await self.platform.messenger.post(self.place, reply, key="k1", reply_token={})

    async def open(self, person: str = "ada") -> Any:
        """Give a command that opens a modal; returns its interaction."""
        options = {"kind": "website", "name": ""}
        begun = await self.world.driver.slash(person, "#general", "sources add", options)
        return await self.world.driver.wait_for_response(begun, ("modal", "deferred"))

    async def submit(self, begun: Any, values: dict[str, Any]) -> Any:
        """Fill a modal in; returns its interaction once it is answered."""
        sent = await self.world.driver.submit_modal("ada", begun, values)
        return await self.world.driver.wait_for_response(sent)

    async def wait_for_command(self) -> Command:
        await self.recorder.wait_for(lambda: self.recorder.commands)
        (command,) = self.recorder.commands
        return command


@pytest.fixture
async def scene(world: DiscordEmulator) -> AsyncIterator[Scene]:
    desk, recorder = ScriptedDesk(), Recorder()
    kinds = (Choice("website", "a website"),)
    async with running(build(world, recorder, desk=desk, kinds=kinds)) as platform:
        yield Scene(world, platform, desk, recorder)


def say(words: str, *buttons: Button, private: bool = False) -> Reply:
    return Reply((Paragraph((Text(words),)),), private=private, buttons=buttons)


# Buttons


async def test_a_button_gives_its_command_as_whoever_pressed_it(scene: Scene) -> None:
    message = await scene.post(say("Sync is running.", Button("Stop", "sync cancel wiki")))
    begun = await scene.world.driver.click("ben", message, "Stop")
    command = await scene.wait_for_command()
    assert (command.name, command.words) == ("sync", ("cancel", "wiki"))
    assert command.person.id == user_id(scene.world, "ben")
    assert command.event == f"discord:interaction:{begun['id']}"
    assert REPLACES not in command.reply_token
    seen = await scene.world.driver.interaction(begun)
    assert (seen["status"], seen["ephemeral"]) == ("deferred", True)
    reply = say("Only admins may.", private=True)
    token = command.reply_token
    await scene.platform.messenger.post(command.place, reply, key="k2", reply_token=token)
    seen = await scene.world.driver.wait_for_response(begun)
    assert seen["original"]["text"] == "Only admins may."
    assert (await scene.world.driver.message(message))["text"] == "Sync is running."


async def test_the_reply_to_a_private_button_takes_the_place_of_the_question(
    scene: Scene,
) -> None:
    begun = await scene.world.driver.slash("ada", "#general", "audit")
    asked = await scene.wait_for_command()
    ask = say("Remove it?", Button("Remove", "sources remove wiki yes", "danger"), private=True)
    token = asked.reply_token
    await scene.platform.messenger.post(asked.place, ask, key="k1", reply_token=token)
    question = (await scene.world.driver.wait_for_response(begun))["original"]
    scene.recorder.commands.clear()
    pressed = await scene.world.driver.click("ada", question, "Remove")
    command = await scene.wait_for_command()
    assert command.reply_token[REPLACES]
    done = say("Removed.", private=True)
    await scene.platform.messenger.post(
        command.place, done, key="k2", reply_token=command.reply_token
    )
    seen = await scene.world.driver.message(question)
    assert (seen["text"], seen["components"][1:]) == ("Removed.", [])
    assert (await scene.world.driver.interaction(pressed))["followups"] == []


async def test_a_button_works_after_a_restart(world: DiscordEmulator) -> None:
    recorder = Recorder()
    async with running(build(world, recorder, desk=ScriptedDesk())) as platform:
        first = Scene(world, platform, ScriptedDesk(), recorder)
        message = await first.post(say("Sync is running.", Button("Stop", "sync cancel wiki")))
    async with running(build(world, recorder, desk=ScriptedDesk())) as platform:
        second = Scene(world, platform, ScriptedDesk(), recorder)
        await world.driver.click("ben", message, "Stop")
        assert (await second.wait_for_command()).words == ("cancel", "wiki")


async def test_a_press_that_cannot_be_taken_down_is_not_silent(scene: Scene) -> None:
    message = await scene.post(say("Sync is running.", Button("Stop", "sync cancel wiki")))
    scene.recorder.failures = 1
    begun = await scene.world.driver.click("ben", message, "Stop")
    seen = await scene.world.driver.wait_for_response(begun)
    assert "try again in a minute" in seen["original"]["text"]


# Modals


async def test_a_command_with_a_form_opens_it_and_is_not_taken_down(scene: Scene) -> None:
    begun = await scene.open()
    assert begun["modal"]["title"] == "Add a website"
    assert scene.recorder.commands == []


async def test_whoever_gets_no_form_has_the_command_taken_down(scene: Scene) -> None:
    begun = await scene.open("ben")
    assert begun["status"] == "deferred"
    assert (await scene.wait_for_command()).words == ("add", "website")


async def test_what_is_filled_in_reaches_the_desk_and_its_reply_the_person(scene: Scene) -> None:
    scene.desk.outcomes = [say("Added.", private=True)]
    seen = await scene.submit(await scene.open(), FILLED)
    assert (seen["original"]["text"], seen["ephemeral"]) == ("Added.", True)
    (submission,) = scene.desk.submissions
    assert submission.values == FILLED
    assert submission.command.words == ("add", "website")
    assert submission.command.person.id == user_id(scene.world, "ada")
    assert SECRET not in repr(submission)


async def test_what_was_wrong_is_told_and_the_form_opens_again_as_it_was(scene: Scene) -> None:
    filled = replace(
        WEBSITE,
        fields=tuple(replace(field, value=FILLED[field.name]) for field in WEBSITE.fields),
        problem="It cannot be reached.",
    )
    scene.desk.outcomes = [Rejected(filled, {"name": "There is one already."})]
    seen = await scene.submit(await scene.open(), FILLED)
    text = seen["original"]["text"]
    assert "It cannot be reached." in text
    assert "Name: There is one already." in text
    again = await scene.world.driver.click("ada", seen["original"], "Fill it in again")
    again = await scene.world.driver.wait_for_response(again, ("modal",))
    values = [part["component"].get("value") for part in again["modal"]["components"]]
    assert values == ["docs", "https://docs.example", None]
    scene.desk.outcomes = [say("Added.", private=True)]
    assert (await scene.submit(again, {"name": "docs2"}))["original"]["text"] == "Added."
    assert scene.desk.submissions[-1].values["name"] == "docs2"


async def test_one_form_leads_to_the_next_by_a_button(scene: Scene) -> None:
    scene.desk.outcomes = [replace(WEBSITE, intro="Now its address.")]
    seen = await scene.submit(await scene.open(), FILLED)
    assert "Now its address." in seen["original"]["text"]
    again = await scene.world.driver.click("ada", seen["original"], "Go on")
    await scene.world.driver.wait_for_response(again, ("modal",))


async def test_a_command_that_a_form_gives_is_taken_down(scene: Scene) -> None:
    command = Command(
        event="discord:form",
        name="sources",
        words=("schedule", "wiki", "daily"),
        place=scene.place,
        person=Person("1"),
        at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    scene.desk.outcomes = [command]
    begun = await scene.open()
    await scene.world.driver.submit_modal("ada", begun, FILLED)
    assert await scene.wait_for_command() == command


async def test_a_desk_that_fails_is_told_and_its_words_are_not_logged(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.desk.outcomes = [StoreUnavailable(f"token {SECRET} was not stored")]
    seen = await scene.submit(await scene.open(), FILLED)
    assert seen["original"]["text"] == discord_forms.NOT_TAKEN.en
    assert SECRET not in caplog.text


async def test_a_form_that_cannot_be_opened_is_told(scene: Scene) -> None:
    scene.desk.faults = [StoreUnavailable()]
    options = {"kind": "website", "name": ""}
    begun = await scene.world.driver.slash("ada", "#general", "sources add", options)
    seen = await scene.world.driver.wait_for_response(begun)
    assert "try again in a minute" in seen["original"]["text"]
