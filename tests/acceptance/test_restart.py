"""The shipped program is ended: in order, and by force with a question at hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.people import OnDiscord, OnSlack
from tests.acceptance.program import (
    PATIENCE,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until_quiet,
)
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

QUESTION = "What is the PIN of the printer?"
LEFT_OPEN = (
    "Traceback", "ResourceWarning", "Unclosed", "was destroyed", "never retrieved", "never awaited",
)  # fmt: skip


async def test_a_question_outlives_a_killed_bot_and_is_answered_once(
    synced_url: str, tmp_path: Path
) -> None:
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        reached = point_at_slack(slack) | point_at_discord(discord)
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **reached)
        everywhere = (OnSlack(slack), OnDiscord(discord))
        async with serving(shell) as bot:
            await _hold_up_answers(slack, discord)
            unanswered = [await people.mention(QUESTION) for people in everywhere]
            await _wait_until_held_up(slack, discord)
            await bot.kill()
        await slack.driver.clear_faults()
        await discord.driver.clear_faults()
        async with serving(shell) as bot:
            for people, asked in zip(everywhere, unanswered, strict=True):
                assert "4711" in (await people.wait_for_answers(asked))[0].text
            answered = [await people.mention(QUESTION) for people in everywhere]
            for people, asked in zip(everywhere, answered, strict=True):
                await people.wait_for_answers(asked)
            # It may or may not have learned yet that its answers stand.
            await bot.kill()
        async with serving(shell):
            await wait_until_quiet(synced_url)
            for people, asked in (
                *zip(everywhere, unanswered, strict=True),
                *zip(everywhere, answered, strict=True),
            ):
                (answer,) = await people.wait_for_answers(asked)
                assert "4711" in answer.text


async def _hold_up_answers(slack: SlackEmulator, discord: DiscordEmulator) -> None:
    """Whether an answer is posted at once or first seen in the making."""
    for method in ("chat.postMessage", "chat.startStream"):
        await slack.driver.fault(method, "timeout")
    await discord.driver.add_fault("timeout", "POST", "/channels/*/messages")


async def _wait_until_held_up(slack: SlackEmulator, discord: DiscordEmulator) -> None:
    match: dict[str, Any] = {"kind": "timeout"}
    await slack.driver.wait_for_entry("api.spoiled", match=match, timeout=PATIENCE)

    async def is_held_up() -> bool:
        return await discord.driver.pending_faults() == 0

    await discord.driver.wait_until(is_held_up, PATIENCE)


async def test_sigterm_ends_it_in_order(synced_url: str, tmp_path: Path) -> None:
    warnings: Mapping[str, str] = {"PYTHONWARNINGS": "always::ResourceWarning"}
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        reached = point_at_slack(slack) | point_at_discord(discord)
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **reached, **warnings)
        async with serving(shell) as bot:
            for people in (OnSlack(slack), OnDiscord(discord)):
                await people.wait_for_answers(await people.mention(QUESTION))
            assert await bot.stop() == 0
        log = "\n".join(bot.log)
        assert not [words for words in LEFT_OPEN if words in log], log
