"""Forms as modals of both platforms, within their limits, and what is filled in."""

from typing import Any

import pytest

from bot.rendering import discord_form, slack_form
from bot.rendering.form import Choice, Field, Form
from tests.emulators.discord.components import check_modal
from tests.emulators.discord.invocation import modal_data
from tests.emulators.slack.validators import check_options, check_view

FIELDS = (
    Field("name", "Name", example="team-handbook"),
    Field("url", "Address", hint="Where it begins.", value="https://docs.example"),
    Field("include", "Only these pages", "text", required=False, value="/docs/*\n/help/*"),
    Field("token", "Token", "secret", value="xoxb-never-shown"),
    Field("key", "Key", "secret text", required=False, value="never-shown-either"),
    Field("mode", "Mode", "choice", value="b", choices=(Choice("a", "All"), Choice("b", "Some"))),
    Field("depth", "Depth", required=False, value="3"),
    Field("audience", "Who may read it", required=False),
)
FORM = Form("sources add website", "Add a website", FIELDS, intro="Hello.", problem="Bad <token>.")


def test_slack_takes_the_modal() -> None:
    view = slack_form.render_form(FORM, '{"channel": "C1"}')
    assert check_view(view)["blocks"][0]["text"]["text"] == "⚠️ Bad &lt;token&gt;."
    assert view["private_metadata"] == '{"channel": "C1"}'
    optional = {block["block_id"]: block["optional"] for block in view["blocks"][2:]}
    assert [name for name in optional if optional[name]] == ["include", "key", "depth", "audience"]


def test_slack_takes_a_notice_and_options() -> None:
    check_view(slack_form.render_notice("Add a website", "Trying …"))
    options = slack_form.render_options([f"source-{n}" for n in range(200)])["options"]
    assert len(check_options(options)) == 100


def test_a_select_of_sources_asks_for_its_options() -> None:
    form = Form("sources test", "Test", (Field("source", "Source", "source", value="wiki"),))
    (block,) = check_view(slack_form.render_form(form, ""))["blocks"]
    assert block["element"]["type"] == "external_select"
    assert block["element"]["initial_option"]["value"] == "wiki"


def test_what_slack_hands_back_is_read() -> None:
    states: dict[str, Any] = {
        "name": {"name": {"type": "plain_text_input", "value": " wiki "}},
        "depth": {"depth": {"type": "plain_text_input", "value": None}},
        "mode": {"mode": {"type": "static_select", "selected_option": {"value": "a"}}},
        "source": {"source": {"type": "external_select", "selected_option": None}},
    }
    values = slack_form.read_values({"state": {"values": states}})
    assert values == {"name": "wiki", "depth": "", "mode": "a", "source": ""}


def test_discord_takes_the_modal_with_the_least_needed_fields_in_one() -> None:
    modal = discord_form.render_form(FORM)
    check_modal(modal)
    names = [part["component"]["custom_id"] for part in modal["components"]]
    assert names == ["token", "name", "url", "mode", "more settings"]
    rest = modal["components"][-1]["component"]
    assert rest["value"] == "include: /docs/*, /help/*\nkey:\ndepth: 3\naudience:"


def test_five_fields_stand_alone_in_discord() -> None:
    modal = discord_form.render_form(Form("x", "X", FIELDS[:5]))
    check_modal(modal)
    names = [part["component"]["custom_id"] for part in modal["components"]]
    assert names == [field.name for field in FIELDS[:5]]


@pytest.mark.parametrize(
    "render", [discord_form.render_form, lambda f: slack_form.render_form(f, "")]
)
def test_a_secret_is_never_shown_again(render: Any) -> None:
    shown = repr(render(FORM))
    assert "never-shown" not in shown


def test_what_discord_hands_back_is_read() -> None:
    modal = discord_form.render_form(FORM)
    rest = "include: /a, /b\nDepth : 2\n\nnonsense\nhost: http://x:1"
    filled = {"name": "wiki", "token": "t0", "mode": ["a"], "more settings": rest}
    data = modal_data(modal, filled)
    assert discord_form.read_values(data["components"]) == {
        "name": "wiki",
        "url": "https://docs.example",
        "token": "t0",
        "mode": "a",
        "include": "/a, /b",
        "depth": "2",
        "nonsense": "",
        "host": "http://x:1",
    }
