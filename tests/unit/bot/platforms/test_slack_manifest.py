"""The manifest asks for what the code uses, and for no more."""

import ast
from pathlib import Path
from typing import Any

import yaml

from bot.platforms import slack_account, slack_events, slack_rights
from bot.platforms.slack_membership import PARTINGS

SCOPES_OF_METHODS = {
    "apps_connections_open": set(),  # the app-level token's connections:write
    "assistant_threads_setStatus": {"assistant:write", "chat:write"},
    "auth_revoke": set(),
    "auth_test": set(),
    "chat_delete": {"chat:write"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {
        "channels:history", "groups:history", "im:history", "mpim:history",
    },
    "conversations_info": {"channels:read", "groups:read", "im:read", "mpim:read"},
    "conversations_members": {"channels:read", "groups:read", "im:read", "mpim:read"},
    "conversations_replies": {
        "channels:history", "groups:history", "im:history", "mpim:history",
    },
    "usergroups_list": {"usergroups:read"},
    "users_conversations": {"channels:read", "groups:read", "im:read", "mpim:read"},
    "users_info": {"users:read"},
    "users_list": {"users:read"},
    "views_open": set(),
    "views_update": set(),
}  # fmt: skip
"""From the reference pages of the methods."""

SCOPES_OF_EVENTS = {
    "app_mention": "app_mentions:read",
    "channel_shared": "channels:read",
    "channel_unshared": "channels:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "subteam_created": "usergroups:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
    "team_join": "users:read",
    "user_change": "users:read",
}


def read_manifest(repository: Path) -> dict[str, Any]:
    text = (repository / "deploy" / "slack-manifest.yaml").read_text(encoding="utf-8")
    manifest: dict[str, Any] = yaml.safe_load(text)
    return manifest


def find_methods(repository: Path) -> set[str]:
    """The Web API methods that the adapter calls on its two clients."""
    methods = set()
    for path in (repository / "bot" / "platforms").glob("slack_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                name = node.func.attr
                if owner.rpartition(".")[2].strip("_") in ("client", "poster") and "_" in name:
                    methods.add(name)
    return methods - {"is_connected"}


def test_scopes(repository: Path) -> None:
    manifest = read_manifest(repository)
    methods = find_methods(repository)
    assert methods == set(SCOPES_OF_METHODS)
    used = set().union(*(SCOPES_OF_METHODS[method] for method in methods))
    used |= {SCOPES_OF_EVENTS[event] for event in read_events(manifest) - PARTINGS} | {"commands"}
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == used
    assert used == slack_account.SCOPES


def test_events(repository: Path) -> None:
    events = read_events(read_manifest(repository)) - PARTINGS
    read = slack_events.EVENTS | slack_rights.RIGHTS_EVENTS
    assert {event.partition(".")[0] for event in events} == read
    kinds = {event.partition(".")[2] for event in events} - {""}
    assert kinds == {"channels", "groups", "im", "mpim"}


def test_commands_and_agent_view(repository: Path) -> None:
    features = read_manifest(repository)["features"]
    commands = {entry["command"] for entry in features["slash_commands"]}
    assert commands == {
        "/ask", "/sync", "/sources", "/channel", "/doc", "/audit", f"/{slack_events.FRONT_COMMAND}",
    }  # fmt: skip
    assert read_manifest(repository)["settings"]["interactivity"]["is_enabled"]
    assert features["app_home"]["messages_tab_enabled"]
    assert len(features["agent_view"]["suggested_prompts"]) <= 4


def read_events(manifest: dict[str, Any]) -> set[str]:
    return set(manifest["settings"]["event_subscriptions"]["bot_events"])
