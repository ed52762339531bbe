"""What the shipped program says when a platform does not let it in."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.acceptance.program import Shell, point_at_discord, point_at_slack
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
async def discord() -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator() as emulator:
        yield emulator


@pytest.fixture
def connected(shell: Shell, slack: SlackEmulator, discord: DiscordEmulator) -> Shell:
    shell.environment |= point_at_slack(slack) | point_at_discord(discord)
    return shell


@pytest.mark.parametrize(
    ("setting", "value", "where"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-wrong", "OAuth & Permissions"),
        ("SLACK_APP_TOKEN", "xapp-wrong", "Basic Information"),
        ("DISCORD_TOKEN", "wrong", "Reset Token"),
    ],
)
async def test_a_wrong_token_is_named_with_where_to_find_it(
    connected: Shell, setting: str, value: str, where: str
) -> None:
    connected.environment[setting] = value
    outcome = await connected.run("serve")
    assert outcome.code == 1
    assert outcome.output == ""
    (told,) = [line for line in outcome.errors.splitlines() if line.startswith("footnote: ")]
    assert outcome.errors.endswith(f"{told}\n")
    assert setting in told
    assert where in told
    assert value not in outcome.errors


async def test_a_taken_port_is_told(shell: Shell, slack: SlackEmulator) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        shell.environment |= point_at_slack(slack, http=True) | {"FOOTNOTE_PORT": str(port)}
        outcome = await shell.run("serve", "--json")
    assert outcome.code == 2
    assert outcome.json["error"]["type"] == "SettingsInvalid"
    assert "FOOTNOTE_PORT" in outcome.json["error"]["message"]
    assert str(port) in outcome.json["error"]["message"]


async def test_the_doctor_knocks_at_the_platforms(connected: Shell) -> None:
    outcome = await connected.run("doctor", "--json")
    checks = {check["what"]: check for check in outcome.json["checks"]}
    assert (checks["slack"]["state"], checks["discord"]["state"]) == ("ok", "ok")
    assert "Footnote Works" in checks["slack"]["detail"]
    assert "Socket Mode" in checks["slack"]["detail"]
    assert outcome.code == 0


@pytest.mark.parametrize("slack_token", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
async def test_the_doctor_says_which_token_is_wrong(connected: Shell, slack_token: str) -> None:
    prefix = connected.environment[slack_token].partition("-")[0]
    connected.environment |= {slack_token: f"{prefix}-wrong", "DISCORD_TOKEN": "wrong"}
    outcome = await connected.run("doctor", "--json")
    checks = {check["what"]: check for check in outcome.json["checks"]}
    assert outcome.code == 1
    assert outcome.json["ok"] is False
    for what, setting in (("slack", slack_token), ("discord", "DISCORD_TOKEN")):
        assert checks[what]["state"] == "failed"
        assert setting in checks[what]["detail"]
        assert checks[what]["mend"]
