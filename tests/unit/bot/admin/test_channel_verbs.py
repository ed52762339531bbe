"""/channel: shown, set, and set back, by admins, with a line in the audit log."""

import pytest

from bot.channels.editor import DIRECT, UNREAD, WHISPERED
from bot.model import ChannelKind, ChannelMode, Platform
from bot.rendering.reply import Button
from tests.fakes.admin_scene import TENANT, Scene
from tests.fakes.messages import make_command, make_place


async def test_the_channel_is_shown_with_what_is_set_here() -> None:
    scene = Scene()
    await scene.book.change(TENANT, make_place(), {"mode": "auto"})
    said = await scene.say("channel show")
    assert "mode (what is answered): `auto` · set here" in said
    assert "language (language): nothing · as usual" in said
    assert scene.messenger.posts[0].reply.buttons[0] == Button("Change", "channel set", "primary")


async def test_a_typed_setting_is_set_and_audited() -> None:
    scene = Scene()
    assert "mode: threads → `auto`" in await scene.say("channel set mode auto")
    assert (await scene.book.read(TENANT, make_place())).mode is ChannelMode.AUTO
    (entry,) = scene.audit.entries
    assert (entry.command, entry.outcome) == ("channel set mode auto", "changed")
    assert entry.detail == "mode: threads → auto"


async def test_several_words_are_one_value() -> None:
    scene = Scene()
    await scene.say("channel set remit questions about our products")
    assert (await scene.book.read(TENANT, make_place())).remit == "questions about our products"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("channel set mode loud", "loud is none of mentions, threads, auto."),
        ("channel set colour red", "There is no setting colour. The settings are: mode, sources,"),
        ("channel set sources wikki", "There is no source named wikki. The sources are: handbook"),
        ("channel reset colour", "There is no setting colour."),
    ],
)
async def test_what_cannot_be_set_says_how_to_mend_it(words: str, told: str) -> None:
    scene = Scene()
    assert told in await scene.say(words)
    assert scene.outcomes == [(words, "invalid")]


async def test_sources_are_checked_and_set() -> None:
    scene = Scene()
    await scene.say("channel set sources handbook")
    assert (await scene.book.read(TENANT, make_place())).sources == {"handbook"}


async def test_what_is_set_already_is_said_to_be() -> None:
    scene = Scene()
    assert "Nothing is different" in await scene.say("channel set mode threads")
    assert scene.outcomes == [("channel set mode threads", "unchanged")]


async def test_all_is_set_back_after_a_question_and_one_without() -> None:
    scene = Scene()
    await scene.book.change(TENANT, make_place(), {"mode": "auto", "language": "de"})
    await scene.give(make_command("channel reset", 1))
    assert scene.messenger.posts[0].reply.buttons[0].command == "channel reset yes"
    assert (await scene.book.read(TENANT, make_place())).mode is ChannelMode.AUTO
    await scene.give(make_command("channel reset language", 2))
    await scene.give(make_command("channel reset yes", 3))
    assert await scene.book.read(TENANT, make_place()) == scene.book.usual
    details = [entry.detail for entry in scene.audit.entries]
    assert details == ["", "language: de → nothing", "mode: auto → threads"]


async def test_others_are_refused() -> None:
    scene = Scene(admin=False)
    assert "for admins" in await scene.say("channel set mode auto")
    assert await scene.book.read(TENANT, make_place()) == scene.book.usual


async def test_direct_messages_have_no_settings_of_their_own() -> None:
    scene = Scene()
    place = make_place(kind=ChannelKind.DIRECT, thread=None)
    await scene.give(make_command("channel set mode auto", 1, place=place))
    await scene.give(make_command("channel show", 2, place=place))
    assert scene.messenger.posts[0].text == DIRECT
    assert not scene.messenger.posts[1].reply.buttons


async def test_discord_says_what_it_does_not_deliver() -> None:
    scene = Scene()
    await scene.sources.list_names(TENANT)
    scene.reads_all = False
    place = make_place(Platform.DISCORD, thread=None)
    scene.commands._rights._listed = frozenset({"discord:U1"})
    await scene.give(make_command("channel set mode auto", 1, place=place))
    await scene.give(make_command("channel set visibility private", 2, place=place))
    assert scene.messenger.posts[0].reply.notices == (UNREAD,)
    assert scene.messenger.posts[1].reply.notices == (UNREAD, WHISPERED)


async def test_what_is_not_understood_shows_the_commands() -> None:
    assert "/channel" in await Scene().say("channel explode now")
