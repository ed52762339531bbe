"""The shipped program on Discord, with and without the Message Content intent."""

from pathlib import Path

from tests.acceptance.program import PATIENCE, Shell, point_at_discord, serving
from tests.emulators.discord import DiscordEmulator


async def test_the_doctor_tells_whether_every_message_can_be_read(shell: Shell) -> None:
    async with DiscordEmulator() as discord:
        shell.environment |= point_at_discord(discord)
        details = []
        for granted in (["message_content"], []):
            await discord.driver.set_privileged_intents(granted)
            outcome = await shell.run("doctor", "--json")
            (check,) = [each for each in outcome.json["checks"] if each["what"] == "discord"]
            assert check["state"] == "ok"
            details.append(check["detail"])
    assert details[0] == "Footnote is accepted, with the Message Content intent"
    assert "without the Message Content intent: follow-ups need a mention" in details[1]


async def test_help_says_what_does_not_work_without_the_intent(
    synced_url: str, tmp_path: Path
) -> None:
    async with DiscordEmulator() as discord:
        await discord.driver.set_privileged_intents([])
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_discord(discord))
        async with serving(shell):
            begun = await discord.driver.slash("ben", "#general", "help")
            view = await discord.driver.wait_for_response(begun, timeout=PATIENCE)
    assert "I cannot read what does not mention me" in view["original"]["text"]
