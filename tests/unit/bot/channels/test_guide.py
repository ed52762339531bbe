"""Help says what works here, and names no source that not everyone here may read."""

from dataclasses import replace

import pytest

from bot.model import ChannelKind, ChannelMode, ChannelSettings, Person, Place, Visibility
from bot.rendering.help import SHOWN_SOURCES
from bot.rendering.plain import render_plain
from retrieval.model import EVERYONE, TenantId
from tests.fakes.channels import InMemoryCatalog, InMemoryChannels, make_guide
from tests.fakes.messages import make_place


async def read_help(
    settings: ChannelSettings,
    *,
    place: Place | None = None,
    admin: bool = False,
    catalog: InMemoryCatalog | None = None,
    language: str = "en",
    reads_all: bool = True,
) -> str:
    guide = make_guide(InMemoryChannels(settings), catalog, reads_all=reads_all)
    reply = await guide.compose(
        TenantId("default"), place or make_place(), Person("U1"), admin=admin, language=language
    )
    return render_plain(reply)


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (ChannelMode.MENTIONS, "In this channel I answer when I am mentioned."),
        (ChannelMode.THREADS, "go on without a mention"),
        (ChannelMode.AUTO, "questions to nobody in particular"),
    ],
)
async def test_the_mode_is_told(mode: ChannelMode, words: str) -> None:
    assert words in await read_help(ChannelSettings(mode=mode))


@pytest.mark.parametrize("mode", list(ChannelMode))
async def test_what_cannot_be_read_is_not_promised(mode: ChannelMode) -> None:
    told = await read_help(ChannelSettings(mode=mode), reads_all=False)
    assert "In this channel I answer when I am mentioned." in told
    assert ("I cannot read what does not mention me" in told) is (mode is not ChannelMode.MENTIONS)


async def test_sources_that_everyone_here_may_read_are_named_and_no_others() -> None:
    catalog = InMemoryCatalog(
        handbook=EVERYONE, leads="slack:channel:C9", ours="slack:channel:C1", mine="slack:user:U1"
    )
    told = await read_help(ChannelSettings(), catalog=catalog)
    assert "may read these sources: handbook, ours." in told
    assert "leads" not in told
    assert "mine" not in told


async def test_a_channel_with_sources_of_its_own_names_those() -> None:
    catalog = InMemoryCatalog(handbook=EVERYONE, wiki=EVERYONE, secret="slack:channel:C9")
    settings = ChannelSettings(sources=frozenset({"wiki", "secret"}))
    assert "sources: wiki." in await read_help(settings, catalog=catalog)


async def test_many_sources_are_not_all_named() -> None:
    catalog = InMemoryCatalog(**{f"s{number:02}": EVERYONE for number in range(40)})
    told = await read_help(ChannelSettings(), catalog=catalog)
    assert f"s{SHOWN_SOURCES - 1:02}, …" in told


async def test_where_nothing_can_be_read_that_is_said() -> None:
    catalog = InMemoryCatalog(leads="slack:channel:C9")
    assert "no source yet that everyone here" in await read_help(ChannelSettings(), catalog=catalog)


async def test_admins_see_their_commands_and_others_do_not() -> None:
    assert "/channel set" in await read_help(ChannelSettings(), admin=True)
    assert "/channel" not in await read_help(ChannelSettings())
    assert "/forget" in await read_help(ChannelSettings())


async def test_privacy_remit_and_language_of_the_channel() -> None:
    settings = ChannelSettings(visibility=Visibility.PRIVATE, remit="Urlaub", language="de")
    told = await read_help(settings)
    assert "Nur du siehst meine Antwort. Was ich hier beantworte: Urlaub." in told


async def test_direct_messages_need_no_mention() -> None:
    place = replace(make_place(), channel_kind=ChannelKind.DIRECT)
    told = await read_help(ChannelSettings(), place=place, language="fr")
    assert "pas besoin de me mentionner" in told
