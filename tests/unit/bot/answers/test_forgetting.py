"""/forget: asked first, then done, for the person's own conversations alone."""

import pytest

from bot.model import Preferences
from bot.rendering.reply import Button
from tests.fakes.admin_scene import Scene
from tests.fakes.messages import make_command

HERE = ["slack:T1:C1:1", "slack:T1:C1:2"]
ELSEWHERE = "slack:T1:C2:3"


def make_scene() -> Scene:
    scene = Scene(admin=False)
    scene.keepsakes.threads = {"U1": [*HERE, ELSEWHERE], "U2": ["slack:T1:C1:4"]}
    return scene


async def test_it_is_asked_before_anything_is_forgotten() -> None:
    scene = make_scene()
    assert "your conversations in this channel (2)?" in await scene.say("forget")
    assert scene.messenger.posts[0].reply.private
    assert scene.messenger.posts[0].reply.buttons == (
        Button("Forget them", "forget yes", "danger"),
    )
    assert not scene.keepsakes.forgotten


@pytest.mark.parametrize(
    ("words", "threads"), [("forget yes", HERE), ("forget all yes", [*HERE, ELSEWHERE])]
)
async def test_memory_and_words_go_for_those_of_the_person(words: str, threads: list[str]) -> None:
    scene = make_scene()
    assert f"Forgotten: {len(threads)}" in await scene.say(words)
    assert scene.keepsakes.forgotten == [f"default:{thread}" for thread in threads]
    assert scene.keepsakes.blanked == threads
    assert scene.keepsakes.threads["U2"]
    assert scene.outcomes == [(words, "forgotten")]


async def test_all_of_the_conversations_are_asked_for_too() -> None:
    scene = make_scene()
    assert "all your conversations (3)?" in await scene.say("forget all")
    assert scene.messenger.posts[0].reply.buttons[0].command == "forget all yes"


async def test_with_all_conversations_go_the_votes_of_the_person_alone() -> None:
    scene = Scene(admin=False)
    scene.keepsakes.voters = {"U1", "U2"}
    assert "no conversation" in await scene.say("forget yes")
    assert scene.keepsakes.voters == {"U1", "U2"}
    scene = Scene(admin=False)
    scene.keepsakes.voters = {"U1", "U2"}
    assert "Forgotten" in await scene.say("forget all yes")
    assert scene.keepsakes.voters == {"U2"}


async def test_twice_is_once() -> None:
    scene = make_scene()
    await scene.give(make_command("forget yes", 1))
    await scene.give(make_command("forget yes", 2))
    assert scene.messenger.posts[1].text == "I remember no conversation of yours here."


async def test_what_is_not_understood_forgets_nothing() -> None:
    scene = make_scene()
    await scene.say("forget me not")
    assert not scene.keepsakes.forgotten
    assert scene.outcomes == [("forget me not", "invalid")]


async def test_what_a_person_chose_goes_with_all_of_it_and_not_before() -> None:
    scene = make_scene()
    scene.preferences.chosen = {"U1": Preferences("de"), "U2": Preferences("fr")}
    await scene.give(make_command("forget yes", 1))
    assert set(scene.preferences.chosen) == {"U1", "U2"}
    await scene.give(make_command("forget all yes", 2))
    assert scene.messenger.posts[1].text == "Vergessen: 1 deiner Unterhaltungen."
    assert set(scene.preferences.chosen) == {"U2"}


async def test_it_goes_also_where_there_was_no_conversation() -> None:
    scene = Scene(admin=False)
    assert "no conversation" in await scene.say("forget all yes")
    scene.preferences.chosen["U1"] = Preferences(offers=False)
    await scene.give(make_command("forget all yes", 2))
    assert not scene.preferences.chosen
