"""The shipped program on Discord, with and without the Message Content intent."""

from tests.acceptance.program import Shell, point_at_discord
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
