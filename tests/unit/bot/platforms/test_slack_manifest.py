"""The manifest asks for what the code uses, and for no more.

What a method or an event needs is what the emulator demands, which follows Slack's reference.
"""

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.admin.verbs import build_verbs
from bot.answers.verbs import COMMANDS
from bot.people.preferences import COMMAND as PREFERENCES
from bot.platforms import slack_account, slack_events, slack_receiver
from bot.platforms.slack_interactions import ANSWER_THIS, is_shortcut
from bot.reading.verbs import build_reading_verbs
from retrieval.sources import slack_reader
from tests.emulators.slack.backend import EVENT_SCOPES, MESSAGE_EVENTS
from tests.emulators.slack.calls import Method
from tests.emulators.slack.web_api import METHODS

KINDS = {"message": "message_action", "global": "shortcut"}
"""What a shortcut of a kind is delivered as."""
CLIENTS = frozenset({"client", "poster", "drafter"})
HELPERS = {"chat_stream": ("chat.startStream", "chat.appendStream", "chat.stopStream")}
"""Methods of the SDK that call others."""

CONNECTION = "connections:write"
"""A scope of the app-level token, which no manifest has."""

DOWNLOADS = "files:read"
"""What the token opens files with that came with questions: `url_private`, which is no method."""


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    path = Path(__file__).parents[4] / "deploy" / "slack-manifest.yaml"
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def used() -> list[Method]:
    """The Web API methods that the adapter and the source call."""
    adapter = sorted(Path(slack_account.__file__).parent.glob("slack_*.py"))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in adapter]
    source = ast.parse(Path(slack_reader.__file__).read_text(encoding="utf-8"))
    names = {name for tree in trees for name in find_calls(tree)}
    names |= {name for tree in (*trees, source) for name in find_names(tree)}
    assert names <= METHODS.keys()
    return [METHODS[name] for name in sorted(names)]


def find_calls(tree: ast.Module) -> set[str]:
    """The methods that a module calls on a client of the SDK."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value).rpartition(".")[2].strip("_")
            name = node.func.attr
            if owner in CLIENTS and "_" in name and name != "is_connected":
                names.update(HELPERS.get(name, (name.replace("_", "."),)))
    return names


def find_names(tree: ast.Module) -> set[str]:
    """The methods that a module spells out."""
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return {name for name in METHODS if name in constants}


def test_no_scope_is_missing(manifest: dict[str, Any], used: list[Method]) -> None:
    asked = read_scopes(manifest)
    for method in used:
        assert not method.scopes or asked & set(method.scopes) or CONNECTION in method.scopes
        assert set(method.scopes_by_kind.values()) <= asked
    assert {find_scope(event) for event in read_events(manifest)} - {None} <= asked
    assert "commands" in asked
    assert asked == slack_account.SCOPES


def test_no_scope_is_superfluous(manifest: dict[str, Any], used: list[Method]) -> None:
    needed = {"commands", DOWNLOADS, *(find_scope(event) for event in read_events(manifest))}
    for method in used:
        needed |= {*method.scopes, *method.scopes_by_kind.values()}
    assert read_scopes(manifest) <= needed


def test_events(manifest: dict[str, Any]) -> None:
    events = read_events(manifest)
    assert {event.partition(".")[0] for event in events} == slack_receiver.HEARD
    kinds = {name for name, _ in MESSAGE_EVENTS.values()}
    assert {event for event in events if event.startswith("message.")} == kinds


def test_commands(manifest: dict[str, Any]) -> None:
    nothing: Any = None
    verbs = build_verbs(
        sources=nothing, jobs=nothing, audit=nothing, messages=nothing, editor=nothing,
        kinds={}, now=nothing,
    )  # fmt: skip
    commands = {entry["command"] for entry in manifest["features"]["slash_commands"]}
    people = ("ask", "forget", PREFERENCES, *COMMANDS, slack_events.FRONT_COMMAND)
    named = (*people, *verbs, *build_reading_verbs(nothing, nothing, nothing))
    assert commands == {f"/{name}" for name in named}


def test_interactivity_and_agent_view(manifest: dict[str, Any]) -> None:
    features = manifest["features"]
    assert manifest["settings"]["interactivity"]["is_enabled"]
    assert features["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }
    assert len(features["agent_view"]["suggested_prompts"]) <= 4


def test_shortcuts(manifest: dict[str, Any]) -> None:
    """Those that the adapter takes, and each within Slack's limits."""
    shortcuts = {each["callback_id"]: each for each in manifest["features"]["shortcuts"]}
    assert len(shortcuts) == len(manifest["features"]["shortcuts"]) <= 10
    for name, shortcut in shortcuts.items():
        payload = {"type": KINDS[shortcut["type"]], "callback_id": name}
        assert is_shortcut(payload)
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
    assert shortcuts.keys() == {ANSWER_THIS}


def read_scopes(manifest: dict[str, Any]) -> set[str]:
    return set(manifest["oauth_config"]["scopes"]["bot"])


def read_events(manifest: dict[str, Any]) -> set[str]:
    return set(manifest["settings"]["event_subscriptions"]["bot_events"])


def find_scope(event: str) -> str | None:
    """What an event needs; None where it needs no scope."""
    return EVENT_SCOPES.get(event) or dict(MESSAGE_EVENTS.values()).get(event)
