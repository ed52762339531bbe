"""What is drawn for the pictures says what was posted, and no more."""

import re

import pytest

from bot.rendering import discord, slack
from bot.rendering.compose import compose_answer
from tests.bench.answers import cite, read_answers
from tests.pictures import discord_page, slack_page

ANSWERS = {answer.name: answer.text for answer in read_answers()}
NAMES = ["usual/heading-and-list", "tables/two-columns", "code/python", "hostile/html-block"]


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_block_is_drawn(name: str) -> None:
    reply = compose_answer(cite(ANSWERS[name]))
    (on_slack,) = slack.render_messages(reply)
    (on_discord,) = discord.render_messages(reply)
    words = re.findall(r"[A-Za-z]{4,}", ANSWERS[name])
    for drawn in (
        slack_page.draw_message("Footnote", "10:00", on_slack.blocks),
        discord_page.draw_message("Footnote", "10:00", on_discord.components),
    ):
        assert all(word in drawn for word in words if word not in ("python", "https"))
        assert "<div onclick" not in drawn


def test_the_bot_is_marked_as_an_app_and_what_is_private_as_private() -> None:
    assert "APP" in slack_page.draw_message("Footnote", "10:00", [], text="hello")
    assert "APP" not in slack_page.draw_message("Bruno", "10:00", [], text="hello")
    assert "Only visible to you" in slack_page.draw_message("Footnote", "", [], only=True)
    assert "Only you can see this" in discord_page.draw_message("Footnote", "", [], only=True)


def test_small_print_is_small_on_discord() -> None:
    shown = discord_page.draw_markdown("Answer\n-# Quoted from the sources")
    assert "<div class='small'>Quoted from the sources</div>" in shown
