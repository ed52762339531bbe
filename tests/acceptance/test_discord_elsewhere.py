"""People bring the bot along to servers and groups where it is not."""

from pathlib import Path

import pytest

from bot.model import Acceptance, ChannelKind, IncomingMessage, Intent, Person, Standing
from bot.platforms.discord_events import ELSEWHERE
from tests.acceptance.program import (
    PATIENCE,
    Shell,
    point_at_discord,
    serving,
    write_documents,
)
from tests.acceptance.test_discord_events import (
    Recorder,
    build,
    guild_id,
    recorder,
    running,
    user_id,
    world,
)
from tests.emulators.discord import DiscordEmulator, DriverError

__all__ = ["recorder", "world"]

OPENING_HOURS = {"hours.md": "# Shop\n\n## Opening hours\n\nThe shop opens at nine on weekdays.\n"}


class Refusing(Recorder):
    """An intake that takes nothing from elsewhere."""

    async def accept(self, message: IncomingMessage) -> Acceptance:
        self.attempts += 1
        return await self._tell(Acceptance.IGNORED)


async def found_a_foreign_guild(world: DiscordEmulator) -> str:
    """The channel of a guild in which ben is and the bot is not."""
    await world.driver.add_guild("Abroad", "ben", members=("chloe",), channels=("lounge",))
    await world.driver.remove_member("Footnote", "Abroad")
    await world.driver.install("ben")
    return "Abroad/#lounge"


async def test_ask_and_help_come_along_and_nothing_else(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    lounge = await found_a_foreign_guild(world)
    group = await world.driver.open_group("ben", "chloe")
    async with running(build(world, recorder)) as platform:
        for count, place in enumerate((lounge, group["id"]), 1):
            begun = await world.driver.slash("ben", place, "/ask", {"question": "notice?"})
            await recorder.wait_for_messages(count)
            question = recorder.messages[-1]
            assert (question.place.workspace, question.intent) == (ELSEWHERE, Intent.ASK)
            assert question.place.channel_kind is ChannelKind.DIRECT
            assert (await world.driver.interaction(begun))["ephemeral"]
        await world.driver.slash("ben", lounge, "/help")
        await recorder.wait_for(lambda: recorder.commands)
        assert recorder.commands[0].place.workspace == ELSEWHERE
        ada = Person(user_id(world, "ada"), "Ada", frozenset({"1"}), may_manage=True)
        stranger = await platform.directory.describe(question.place, ada)
        assert stranger == Person(ada.id, "Ada", standing=Standing.OUTSIDER)
    assert recorder.linked.keys() == {"@me", ELSEWHERE, guild_id(world)}
    for person, command in (("ben", "sync status"), ("chloe", "help")):
        with pytest.raises(DriverError, match="there is no command"):
            await world.driver.slash(person, lounge, command)


async def test_at_home_an_installation_of_ones_own_changes_nothing(
    world: DiscordEmulator, recorder: Recorder
) -> None:
    await world.driver.install("ben")
    async with running(build(world, recorder)):
        await world.driver.slash("ben", "#general", "/ask", {"question": "notice?"})
        await world.driver.slash("ben", "@bot", "/ask", {"question": "directly?"})
        await recorder.wait_for_messages(2)
    assert [m.place.workspace for m in recorder.messages] == [guild_id(world), "@me"]


async def test_what_is_not_taken_is_refused_in_words(world: DiscordEmulator) -> None:
    recorder = Refusing()
    lounge = await found_a_foreign_guild(world)
    async with running(build(world, recorder)):
        begun = await world.driver.slash("ben", lounge, "/ask", {"question": "notice?"})
        seen = await world.driver.wait_for_response(begun)
    assert "I do not answer here" in seen["original"]["text"]
    assert seen["ephemeral"]


async def test_elsewhere_only_what_is_for_anybody_is_answered(
    synced_url: str, tmp_path: Path
) -> None:
    async with DiscordEmulator() as discord:
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_discord(discord))
        folder = write_documents(tmp_path / "shop", OPENING_HOURS)
        added = await shell.run("sources", "add", "shop", str(folder), "--audience", "public")
        assert added.code == 0, added.errors
        assert (await shell.run("sync", "shop")).code == 0
        lounge = await found_a_foreign_guild(discord)

        async def ask(question: str, words: str) -> str:
            """The answer, once it holds these words; before it shows how it is made."""
            begun = await discord.driver.slash("ben", lounge, "/ask", {"question": question})

            async def read() -> str | None:
                view = await discord.driver.interaction(begun)
                text = str((view["original"] or {}).get("text") or "")
                return text if view["ephemeral"] and words in text else None

            return str(await discord.driver.wait_until(read, PATIENCE))

        async with serving(shell):
            await ask("When does the shop open on weekdays?", "nine")
            secret = await ask("What is the PIN of the printer?", "I don't know")
        assert "4711" not in secret
        assert "Gutenberg" not in secret
