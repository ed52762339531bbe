"""Whatever models write, both renderings are whole, balanced and inert, and what checks that can
tell when they are not.
"""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rendering import discord, slack
from bot.rendering.compose import compose_answer
from bot.rendering.reply import Button
from tests.bench.answers import ModelAnswer, cite, make_answers, read_answers
from tests.bench.rendering import Findings, find_lost, inspect
from tests.bench.seen import Seen, see_discord, see_slack

FRAGMENTS = [answer.text for answer in read_answers()]
BUTTONS = (Button("Share to channel", "answer share 1"),)


def see_on_slack(text: str) -> list[Seen]:
    reply = replace(compose_answer(cite(text)), buttons=BUTTONS)
    quiet = {"unfurl_links": False, "unfurl_media": False}
    return [
        see_slack({"text": one.text, "blocks": one.blocks, **quiet})
        for one in slack.render_messages(reply)
    ]


def see_on_discord(text: str) -> list[Seen]:
    reply = replace(compose_answer(cite(text)), buttons=BUTTONS)
    return [
        see_discord({"components": [*one.components], "flags": 1 << 2, "pinged": []})
        for one in discord.render_messages(reply)
    ]


@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4), st.integers(1, 3_000))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("see", [see_on_slack, see_on_discord])
def test_answers_put_together_and_cut_anywhere(see: Any, parts: list[str], end: int) -> None:
    answer = ModelAnswer("drawn", "\n\n".join(parts)[:end])
    assert inspect(answer, see(answer.text)) == Findings((), (), ())


def test_the_corpus_is_large_and_varied() -> None:
    answers = [*read_answers(), *make_answers()]
    assert len({answer.name for answer in answers}) == len(answers) > 300
    assert max(len(answer.text) for answer in answers) >= 50_000


# What checks can fail


WHOLE = "Run it: [1]\n\n```sh\nrun --now\n```\n\n| a | b |\n|---|---|\n| one | two |"


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda seen: seen.text.clear(), "lost"),
        (lambda seen: seen.text.reverse(), "lost"),
        (lambda seen: seen.code.clear(), "fences"),
        (lambda seen: seen.links.append("https://evil.example/"), "unsafe"),
        (lambda seen: seen.faults.append("a mention"), "unsafe"),
    ],
)
def test_a_spoiled_rendering_is_noticed(spoil: Any, kind: str) -> None:
    (seen,) = see_on_slack(WHOLE)
    assert inspect(ModelAnswer("", WHOLE), [seen]) == Findings((), (), ())
    spoil(seen)
    assert getattr(inspect(ModelAnswer("", WHOLE), [seen]), kind)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```\nopen", "fence"),
        ("hi <@123>", "mention"),
        ("hi @everyone", "mention"),
        ("see https://evil.example", "address"),
        ("see [x](https://evil.example)", "address"),
    ],
)
def test_what_discord_would_act_on_is_noticed(text: str, fault: str) -> None:
    seen = see_discord(
        {"components": [{"type": 10, "content": text}], "flags": 1 << 2, "pinged": []}
    )
    assert any(fault in one for one in seen.faults)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "user", "user_id": "U1"},
        {"type": "broadcast", "range": "channel"},
        {"type": "emoji", "name": "tada"},
    ],
)
def test_what_slack_would_act_on_is_noticed(part: dict[str, str]) -> None:
    section = {"type": "rich_text_section", "elements": [part]}
    block = {"type": "rich_text", "elements": [section]}
    quiet = {"unfurl_links": False, "unfurl_media": False}
    assert see_slack({"text": "", "blocks": [block], **quiet}).faults
    assert see_slack({"text": "<!channel>", "blocks": [], **quiet}).faults
    assert see_slack({"text": "", "blocks": []}).faults


def test_a_word_that_was_cut_is_not_lost() -> None:
    assert find_lost(["before", "abcdef", "after"], ["before", "ab", "cd", "ef", "after"]) == ""
    assert find_lost(["before", "abcdef", "after"], ["before", "ab", "ef", "after"])
    assert find_lost(["one", "two"], ["two", "one"])
