"""Buttons below messages, on both platforms and in the outbox."""

import json

import pytest

from bot.rendering import discord, plain, slack
from bot.rendering.record import from_record, to_record
from bot.rendering.reply import Button, Paragraph, Reply, Text
from tests.emulators.discord.models import COMPONENTS_V2
from tests.emulators.discord.validators import check_message
from tests.emulators.slack.validators import check_blocks

BUTTONS = (
    Button("Cancel", "sync cancel handbook"),
    Button("Delete them", f"sync confirm {'x' * 60}", "danger"),
    Button("Sync it now", "sync handbook", "primary"),
)
SHORT = Reply((Paragraph((Text("Sync of handbook is running."),)),), buttons=BUTTONS)
LONG = Reply((Paragraph((Text("A sentence that goes on. " * 1_000),)),), buttons=BUTTONS)


@pytest.mark.parametrize("reply", [SHORT, LONG, Reply((), buttons=BUTTONS)])
def test_slack_shows_them_below_the_last_message(reply: Reply) -> None:
    *earlier, last = slack.render_messages(reply)
    for message in earlier:
        assert "actions" not in {block["type"] for block in message.blocks}
    check_blocks(list(last.blocks))
    (elements,) = [block["elements"] for block in last.blocks if block["type"] == "actions"]
    assert [element["value"] for element in elements] == [button.command for button in BUTTONS]
    assert [element.get("style") for element in elements] == [None, "danger", "primary"]


@pytest.mark.parametrize("reply", [SHORT, LONG, Reply((), buttons=BUTTONS)])
def test_discord_shows_them_below_the_last_message(reply: Reply) -> None:
    *earlier, last = discord.render_messages(reply)
    for message in earlier:
        assert discord.ROW not in {part["type"] for part in message.components}
    check_message({"components": list(last.components)}, flags=COMPONENTS_V2)
    first, *_, row = last.components
    assert first["type"] == discord.TEXT_DISPLAY
    ids = [button["custom_id"] for button in row["components"]]
    assert ids == [f"do:{button.command}" for button in BUTTONS]
    assert [button["style"] for button in row["components"]] == [2, 4, 1]


def test_a_terminal_names_them() -> None:
    assert plain.render_plain(SHORT).endswith("[Cancel]  [Delete them]  [Sync it now]")


def test_the_outbox_keeps_them() -> None:
    assert from_record(json.loads(json.dumps(to_record(SHORT)))) == SHORT


def test_a_reply_that_was_stored_before_there_were_buttons_is_read() -> None:
    record = to_record(Reply((), footer="Run 1"))
    del record["buttons"]
    assert from_record(record) == Reply((), footer="Run 1")
