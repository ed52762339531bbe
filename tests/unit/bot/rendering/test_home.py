"""Home pages: what is told to whom, and that Slack takes any of them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Preferences
from bot.rendering.apology import APOLOGIES
from bot.rendering.home import Home
from bot.rendering.phrases import LANGUAGES
from bot.rendering.plain import render_plain
from bot.rendering.readable import count_readable, describe_reading
from bot.rendering.reply import Reply
from bot.rendering.slack_home import render_home
from bot.rendering.welcome import (
    SHOWN_SOURCES,
    HomeFacts,
    ManagedSource,
    compose_failed_home,
    compose_home,
)
from retrieval.errors import StoreUnavailable
from retrieval.model import MOST_COUNTED, ReadableSource, SyncCounts, SyncMode, SyncRun, SyncState
from tests.emulators.slack.validators import check_view
from tests.fakes.assistant import make_run
from tests.fakes.knowledge import make_overview

NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
HANDBOOK = ReadableSource("handbook", 12, NOW - timedelta(hours=3))
MEMBER = HomeFacts([HANDBOOK], Preferences(), prompts=["How do I book a holiday?"])


def read(home: Home) -> str:
    """The words of a page."""
    parts = [home.notice]
    for section in home.sections:
        parts += [section.title, render_plain(Reply(section.blocks)), section.footer]
    return "\n".join(parts)


def list_commands(home: Home) -> list[str]:
    """All that can be pressed and chosen."""
    return [
        command
        for section in home.sections
        for command in (
            *(choice.value for select in section.selects for choice in select.choices),
            *(button.command for button in section.buttons),
        )
    ]


def render(home: Home) -> dict[str, Any]:
    """The view, which Slack takes."""
    return check_view(render_home(home, "{}"))


def test_a_member_reads_what_i_know_how_to_ask_and_what_they_chose() -> None:
    home = compose_home(MEMBER, NOW)
    told = read(home)
    assert "handbook: 12 documents · read 3 hours ago" in told
    assert "How do I book a holiday?" in told
    assert "Private offers: On" in told
    assert "admin" not in told.lower()
    assert list_commands(home) == [
        "preferences language auto",
        *(f"preferences language {code}" for code in LANGUAGES),
        "preferences offers off",
        "forget all",
    ]


@pytest.mark.parametrize(("chosen", "value"), [("", "auto"), ("de", "de"), ("ja", None)])
def test_what_was_chosen_stands_in_the_select(chosen: str, value: str | None) -> None:
    view = render(compose_home(replace(MEMBER, chosen=Preferences(chosen)), NOW))
    (select,) = [block["accessory"] for block in view["blocks"] if "accessory" in block]
    stands = select.get("initial_option")
    assert (stands and stands["value"]) == (value and f"preferences language {value}")


def test_failing_and_paused_sources_are_told_as_such() -> None:
    sources = [replace(HANDBOOK, failing=True), replace(HANDBOOK, name="wiki", paused=True)]
    told = read(compose_home(replace(MEMBER, sources=sources), NOW))
    assert "handbook: 12 documents · read 3 hours ago · cannot be read at present" in told
    assert "wiki: 12 documents · read 3 hours ago · paused" in told


def test_who_is_not_known_here_is_told_so_and_not_how_to_ask() -> None:
    home = compose_home(replace(MEMBER, sources=[], known=False), NOW)
    assert "only what is meant for anybody" in read(home)
    assert "There are no sources that you may read." in read(home)
    assert "holiday" not in read(home)


def make_failed(**changes: Any) -> SyncRun:
    run = make_run("wiki", SyncMode.INCREMENTAL, SyncCounts(), SyncState.FAILED)
    return replace(run, **changes)


def test_an_admin_sees_how_every_source_stands_and_what_can_be_done() -> None:
    done = make_run("handbook", SyncMode.FULL, SyncCounts(listed=3), SyncState.SUCCEEDED)
    managed = [
        ManagedSource(make_overview("handbook"), done),
        ManagedSource(make_overview("wiki"), make_failed(error="The server answered 503.")),
        ManagedSource(
            make_overview("slow"),
            make_run("slow", SyncMode.FULL, SyncCounts(), SyncState.RUNNING),
        ),
        ManagedSource(replace(make_overview("new", 0), last_sync=None, paused=True)),
        ManagedSource(make_overview("held"), replace(done, held=("a.md", "b.md"))),
    ]
    home = compose_home(replace(MEMBER, managed=managed), NOW)
    told = read(home)
    assert "handbook (website): 3 documents · read 119 minutes ago" in told
    assert "the last sync failed: The server answered 503." in told
    assert "slow (website): 3 documents · is being read" in told
    assert "new (website): 0 documents · not read yet · paused" in told
    assert "deletions wait for your word: 2" in told
    assert list_commands(home)[-4:] == ["sync", "sync status", "sources add", "help"]


def test_an_admin_without_sources_is_offered_to_add_one() -> None:
    home = compose_home(replace(MEMBER, managed=[]), NOW)
    assert "There are no sources yet." in read(home)
    assert list_commands(home)[-2:] == ["sources add", "help"]


def test_a_page_that_failed_says_so_with_a_reference_and_a_way_on() -> None:
    home = compose_failed_home(APOLOGIES[StoreUnavailable].words, "0123abcd", "de")
    assert "Ich erreiche meine Datenbank gerade nicht." in read(home)
    assert "Referenz 0123abcd" in read(home)
    assert list_commands(home) == ["home"]
    render(home)


def test_what_was_pressed_is_answered_elsewhere() -> None:
    view = render(compose_home(MEMBER, NOW, replied=True))
    assert "I answer you under Messages." in view["blocks"][0]["elements"][0]["text"]


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (timedelta(seconds=119), "read just now"),
        (timedelta(minutes=119), "read 119 minutes ago"),
        (timedelta(hours=47), "read 47 hours ago"),
        (timedelta(days=9), "read 9 days ago"),
        (timedelta(days=-1), "read just now"),
    ],
)
def test_ages(ago: timedelta, told: str) -> None:
    assert describe_reading(NOW - ago, NOW) == told


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (1, "1 document"),
        (2, "2 documents"),
        (MOST_COUNTED - 1, "9999 documents"),
        (MOST_COUNTED, "more than 9999 documents"),
    ],
)
def test_counts(number: int, told: str) -> None:
    assert count_readable(number) == told


NAMES = st.text(min_size=1, max_size=200)
SOURCES = st.lists(
    st.builds(
        ReadableSource,
        name=NAMES,
        documents=st.integers(0, MOST_COUNTED),
        read_at=st.none() | st.datetimes(timezones=st.just(UTC)),
        paused=st.booleans(),
        failing=st.booleans(),
    ),
    max_size=3,
)
ERRORS = st.text(max_size=400)


@settings(max_examples=60)
@given(SOURCES, NAMES, ERRORS, st.integers(1, 60), st.sampled_from(["ja", *LANGUAGES]))
def test_slack_takes_any_page(
    sources: Sequence[ReadableSource], name: str, error: str, times: int, language: str
) -> None:
    managed = [
        ManagedSource(replace(make_overview("x"), name=name, kind=name), make_failed(error=error))
    ]
    facts = HomeFacts(
        sources=[*sources] * times,
        chosen=Preferences(language),
        prompts=[name] * 4,
        managed=managed * times,
    )
    home = compose_home(facts, NOW, language, replied=True)
    view = render(home)
    assert len(view["blocks"]) <= 40
    assert len(json.dumps(view)) < 100_000
    bullets = [
        part
        for block in view["blocks"]
        if block["type"] == "rich_text"
        for part in block["elements"]
        if part["type"] == "rich_text_list"
    ]
    assert all(len(each["elements"]) <= SHOWN_SOURCES + 1 for each in bullets)
    # What people and systems call things is shown as it is, and is no markup.
    assert "<!" not in json.dumps([b for b in view["blocks"] if b["type"] == "context"])
