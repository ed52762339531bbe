"""What is typed for a channel is checked, written evenly, and read again as the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.fields import FIELDS, LONGEST_TEXT, find_field, overlay, read_setting
from bot.errors import InvalidSetting
from bot.model import ChannelMode, ChannelSettings, Visibility


@pytest.mark.parametrize(
    ("name", "typed", "written"),
    [
        ("mode", " Auto ", "auto"),
        ("visibility", "PRIVATE", "private"),
        ("sources", "wiki handbook, wiki", "handbook, wiki"),
        ("language", "DE", "de"),
        ("language", "", ""),
        ("persona", "address people informally", "address people informally"),
        ("freshness", "90", "90"),
        ("budget", "", ""),
        ("hand-off", "U0123ABCD <!subteam^S0123ABCD|help>", "user:U0123ABCD, group:S0123ABCD"),
        ("hand_off", "<@123>, <@&456> role:789", "user:123, group:456, group:789"),
        ("bots", "<@B0123> 77", "77, B0123"),
        ("threads", "YES", "yes"),
    ],
)
def test_settings_are_written_evenly(name: str, typed: str, written: str) -> None:
    assert read_setting(name, typed) == written
    assert read_setting(name, written) == written


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("mode", "loud", "mentions, threads, auto"),
        ("visibility", "", "public, private"),
        ("language", "german", "two letters"),
        ("persona", "x" * (LONGEST_TEXT + 1), str(LONGEST_TEXT)),
        ("freshness", "soon", "whole number"),
        ("budget", "0", "whole number"),
        ("hand-off", "anna", "user:ID"),
        ("bots", "helper", "copy the id"),
        ("threads", "maybe", "yes, no"),
        ("moood", "auto", "The settings are: mode"),
    ],
)
def test_what_cannot_be_used_says_how_to_mend_it(name: str, typed: str, words: str) -> None:
    with pytest.raises(InvalidSetting, match=words):
        read_setting(name, typed)


def test_what_is_set_lies_on_top_of_what_is_usual() -> None:
    usual = ChannelSettings(persona="kind", language="en")
    settings = overlay(usual, {"language": "de", "mode": "auto", "visibility": "private"})
    assert settings.persona == "kind"
    assert settings.language == "de"
    assert settings.mode is ChannelMode.AUTO
    assert settings.visibility is Visibility.PRIVATE


def test_what_is_not_understood_does_not_take_the_channel_down() -> None:
    assert overlay(ChannelSettings(), {"mode": "telepathy", "colour": "red"}) == ChannelSettings()


def test_every_setting_of_a_channel_can_be_set() -> None:
    attributes = {field.attribute for field in FIELDS.values()}
    assert attributes == set(ChannelSettings.__dataclass_fields__)
    assert all(len(field.label) <= 45 and len(field.hint) <= 100 for field in FIELDS.values())


_ID = st.from_regex(r"[0-9]{3,12}", fullmatch=True)
_WORDS = st.text(max_size=40).map(lambda text: " ".join(text.split()))
_SETTINGS = st.builds(
    ChannelSettings,
    mode=st.sampled_from(ChannelMode),
    sources=st.frozensets(st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)),
    language=st.sampled_from(["", "de", "fr"]),
    persona=_WORDS,
    remit=_WORDS,
    visibility=st.sampled_from(Visibility),
    freshness_days=st.none() | st.integers(1, 1000),
    hand_off=st.lists(_ID.map("user:{}".format) | _ID.map("group:{}".format), unique=True).map(
        tuple
    ),
    budget=st.none() | st.integers(1, 1000),
    allowed_bots=st.frozensets(_ID),
    thread_per_question=st.booleans(),
)


@given(_SETTINGS)
def test_what_is_shown_can_be_typed_again(settings: ChannelSettings) -> None:
    shown = {name: read_setting(name, field.show(settings)) for name, field in FIELDS.items()}
    assert overlay(ChannelSettings(), shown) == settings


def test_names_are_found_as_people_write_them() -> None:
    assert find_field("Hand_Off") is FIELDS["hand-off"]
