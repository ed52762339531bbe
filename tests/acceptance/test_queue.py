"""Who asks while others are answered waits, is told their number, and is turned away at the cap."""

from pathlib import Path

from tests.acceptance.program import (
    PATIENCE,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until_quiet,
)
from tests.acceptance.test_streaming import (
    FIRST_WORDS,
    LAST_WORDS,
    QUESTION,
    choose_model,
    write,
    write_and_stall,
)
from tests.acceptance.watchers import WatcherOnDiscord, WatcherOnSlack, Watchers
from tests.emulators.chat_model import ChatModelServer
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

MOST = 2
SURPLUS = "Wie lautet die PIN des Druckers?"


async def test_at_the_cap_of_the_queue_people_are_told_when_to_ask_again(
    synced_url: str, tmp_path: Path
) -> None:
    async with (
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
        ChatModelServer(write()) as model,
    ):
        shell = Shell(
            tmp_path,
            DATABASE_URL=synced_url,
            FOOTNOTE_WORKERS="1",
            FOOTNOTE_QUEUE_NOTICE="1",
            FOOTNOTE_QUEUE_LIMIT=str(MOST),
            **point_at_slack(slack),
            **point_at_discord(discord),
            **choose_model(model),
        )
        async with serving(shell):
            for people in (WatcherOnSlack(slack), WatcherOnDiscord(discord)):
                await live_through(people, model)
            await wait_until_quiet(synced_url)
        answered = (await shell.run("trace", "--json")).json["answers"]
    assert {each["question"] for each in answered} == {QUESTION}


async def live_through(people: Watchers, model: ChatModelServer) -> None:
    """One question occupies the worker, two wait, a third is one too many."""
    model.script = write_and_stall()
    first = await people.mention(QUESTION)
    draft = await people.wait_for_draft(first, FIRST_WORDS)
    waiting = [await people.mention(QUESTION) for _ in range(MOST)]
    await wait_for_number(people, MOST)
    await people.mention(SURPLUS, person=people.colleague)
    told = await people.wait_for_word(people.colleague, "help", "Es warten schon 2 Fragen")
    assert "Bitte frag in 60 Sekunden noch einmal." in told.plain
    assert "Es warten schon" not in await people.see(people.member, "help")
    # Whoever waited is answered in turn.
    model.script = write()
    await people.stop(first, draft)
    for asked in waiting:
        (answer,) = await people.wait_for_answers(asked)
        assert LAST_WORDS in answer.text


async def wait_for_number(people: Watchers, number: int) -> None:
    """Wait until the member is told their number: in Slack's status, or directly in Discord."""
    words = f"You are number {number} in the queue"
    if isinstance(people, WatcherOnDiscord):
        await people.wait_for_word(people.member, "help", words)
        return
    journal = people.slack.journal

    def is_told() -> bool:
        return any(words in each.data["status"] for each in journal.of_kind("assistant.status"))

    await journal.wait_for(is_told, PATIENCE)
