"""Who may read what, as rights come and go while the shipped program runs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot.rendering.findings import ANSWER_ME
from tests.acceptance.people import (
    OnDiscord,
    OnSlack,
    People,
    Said,
    read_discord_message,
    read_slack_entry,
)
from tests.acceptance.program import (
    PATIENCE,
    Shell,
    point_at_discord,
    point_at_slack,
    serving,
    wait_until,
    wait_until_quiet,
    write_documents,
)
from tests.acceptance.residents import ResidentOnDiscord, ResidentOnSlack, Residents
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLANS = "# Relocation\n\nThe relocation of the head office to Lisbon begins in October.\n"
BONUS = "# Bonus\n\nThe bonus is as high as nine percent of a year's pay.\n"
QUESTION = "When does the relocation of the head office begin?"
PIN = "What is the PIN of the printer?"


@dataclass(frozen=True)
class Town:
    """Both platforms, and the bot on them."""

    slack: SlackEmulator
    discord: DiscordEmulator
    url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    folder = tmp_path_factory.mktemp("rights")
    plans = write_documents(folder / "plans", {"plans.md": PLANS})
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        shell = Shell(
            folder, DATABASE_URL=module_url, **point_at_slack(slack), **point_at_discord(discord)
        )
        await discord.driver.add_role("Movers")
        await discord.driver.set_roles("ben", ["Movers"])
        await discord.driver.add_channel("movers", only_for=("Movers", "Footnote"))
        roles = (await discord.driver.directory())["guilds"]["Acme"]["roles"]
        for label in ("slack:channel:C0LEADS0001", f"discord:group:{roles['Movers']}"):
            name = f"plans-{label.split(':')[0]}"
            added = await shell.run("sources", "add", name, str(plans), "--audience", label)
            assert added.code == 0, added.errors
            assert (await shell.run("sync", name)).code == 0
        group = await slack.driver.set_usergroup("paymasters", ["bruno"])
        bonus = write_documents(folder / "bonus", {"bonus.md": BONUS})
        label = f"slack:group:{group['id']}"
        added = await shell.run("sources", "add", "bonus", str(bonus), "--audience", label)
        assert added.code == 0, added.errors
        assert (await shell.run("sync", "bonus")).code == 0
        async with serving(shell):
            yield Town(slack, discord, module_url)


@pytest.fixture(params=["slack", "discord"])
def people(request: pytest.FixtureRequest, town: Town) -> People:
    return OnSlack(town.slack) if request.param == "slack" else OnDiscord(town.discord)


async def take_away(people: People) -> None:
    """The member leaves the private channel, or loses the role."""
    if isinstance(people, OnSlack):
        await people.slack.driver.leave(people.member, "leads")
    elif isinstance(people, OnDiscord):
        await people.discord.driver.set_roles(people.member, [])


async def give_back(people: People) -> None:
    if isinstance(people, OnSlack):
        await people.slack.driver.join(people.member, "leads")
    elif isinstance(people, OnDiscord):
        await people.discord.driver.set_roles(people.member, ["Movers"])


async def test_what_a_channel_or_role_may_read_is_read_until_it_is_left(people: People) -> None:
    assert "October" in (await people.command(people.member, "help", "ask", QUESTION)).text
    assert "October" not in (await people.command(people.colleague, "help", "ask", QUESTION)).text
    await take_away(people)
    try:
        assert "October" not in (await people.command(people.member, "help", "ask", QUESTION)).text
    finally:
        await give_back(people)
    assert "October" in (await people.command(people.member, "help", "ask", QUESTION)).text


async def test_what_a_user_group_may_read_is_read_while_one_is_in_it(town: Town) -> None:
    people, driver = OnSlack(town.slack), town.slack.driver

    async def read() -> str:
        return (await people.command(people.member, "help", "ask", "How high is the bonus?")).text

    assert "nine percent" in await read()
    assert (
        "nine percent"
        not in (
            await people.command(people.colleague, "help", "ask", "How high is the bonus?")
        ).text
    )
    await driver.set_usergroup("paymasters", ["chen"])
    assert "nine percent" not in await read()
    await driver.set_usergroup("paymasters", ["bruno", "chen"])
    assert "nine percent" in await read()


async def test_a_search_and_the_list_of_sources_show_what_a_person_may_read(
    people: People,
) -> None:
    found = await people.command(people.member, "help", "search", "relocation head office")
    assert "Relocation" in found.text
    assert "October" in found.text
    hidden = await people.command(people.colleague, "help", "search", "relocation head office")
    assert "Relocation" not in hidden.text.replace("“relocation", "")
    assert "October" not in hidden.text
    assert "plans" in (await people.command(people.member, "help", "sources", "list")).text
    listed = await people.command(people.colleague, "help", "sources", "list")
    assert "plans" not in listed.text
    assert "handbook" in listed.text


async def test_the_asker_is_offered_alone_what_the_public_answer_left_out(
    people: People,
) -> None:
    asked = await people.mention(QUESTION, "help", people.member)
    (public,) = await people.wait_for_answers(asked)
    assert "October" not in public.text
    answer = await take_offer(people)
    assert "October" in answer.text
    assert "October" not in await people.see(people.colleague, "help")
    assert ANSWER_ME.en not in await people.see(people.colleague, "help")


async def test_who_is_turned_away_is_offered_nothing(town: Town) -> None:
    for people in (ResidentOnSlack(town.slack), ResidentOnDiscord(town.discord)):
        await people.open_channel("rationed")
        form = await people.open_form(people.admin, "rationed", "channel set")
        await people.fill_in(people.admin, "rationed", form, {"budget": "1"})
        before = (await read_alone(people, people.member, "rationed")).count("found more")
        for _ in range(2):
            await people.mention(QUESTION, "rationed", people.member)
        await people.wait_for_word(people.member, "rationed", "Please ask again in ")
        await wait_until_quiet(town.url)
        seen = await read_alone(people, people.member, "rationed")
        assert seen.count("found more") == before + 1


async def take_offer(people: People) -> Said:
    """Press the button of the offer; the private answer."""
    if isinstance(people, OnSlack):
        driver = people.slack.driver
        offers = await driver.wait_for_ephemeral(
            "help", people.member, containing="found more", timeout=PATIENCE
        )
        offer = offers[-1]
        (actions,) = [block for block in offer["blocks"] if block["type"] == "actions"]
        button = actions["elements"][0]
        await driver.click(people.member, "help", offer["ts"], button["action_id"])
        answers = await driver.wait_for_ephemeral(
            "help", people.member, containing="October", timeout=PATIENCE
        )
        return read_slack_entry(answers[-1])
    assert isinstance(people, OnDiscord)
    direct = people.discord.driver
    offered = await direct.wait_for_message(
        f"@{people.member}", contains="found more", timeout=PATIENCE
    )
    await direct.click(people.member, offered, ANSWER_ME.en)
    return read_discord_message(
        await direct.wait_for_message(f"@{people.member}", contains="October", timeout=PATIENCE)
    )


async def test_where_answers_are_private_a_mention_is_answered_from_what_the_asker_may_read(
    town: Town,
) -> None:
    for people in (ResidentOnSlack(town.slack), ResidentOnDiscord(town.discord)):
        await people.open_channel("whispers")
        form = await people.open_form(people.admin, "whispers", "channel set")
        await people.fill_in(people.admin, "whispers", form, {"visibility": "private"})
        before = await read_alone(people, people.member, "whispers")
        await people.mention(QUESTION, "whispers", people.member)
        await people.mention(QUESTION, "whispers", people.colleague)

        async def are_told(people: Residents = people, before: str = before) -> bool:
            member = await read_alone(people, people.member, "whispers")
            colleague = await read_alone(people, people.colleague, "whispers")
            return member.count("October") > before.count("October") and "don't know" in colleague

        await wait_until(are_told)
        assert "October" not in await read_alone(people, people.colleague, "whispers")
        for person in (people.member, people.colleague, people.admin):
            if isinstance(people, ResidentOnDiscord) or person != people.member:
                assert "October" not in await people.see(person, "whispers")


async def read_alone(people: Residents, person: str, channel: str) -> str:
    """What the person reads in the channel and, in Discord, in direct messages with the bot."""
    seen = await people.see(person, channel)
    if isinstance(people, ResidentOnSlack):
        return seen
    world = people.discord.world
    direct = world.direct_channel(world.find_user(person))
    told = await people.discord.driver.messages(str(direct.id))
    return "\n".join([seen, *(message["text"] for message in told)])


async def test_strangers_in_a_shared_channel_read_nothing_that_is_not_meant_for_it(
    town: Town,
) -> None:
    people = OnSlack(town.slack)
    before = await people.wait_for_answers(await people.mention(PIN, person=people.colleague))
    assert "4711" in before[0].text
    await town.slack.driver.share("help")
    try:
        (shared,) = await people.wait_for_answers(
            await people.mention(PIN, person=people.colleague)
        )
        assert "4711" not in shared.text
        assert "4711" in (await people.command(people.member, "help", "ask", PIN)).text
    finally:
        await town.slack.driver.share("help", None)
    (after,) = await people.wait_for_answers(await people.mention(PIN, person=people.colleague))
    assert "4711" in after.text


async def test_where_all_viewers_have_a_role_a_public_answer_uses_what_it_may_read(
    town: Town,
) -> None:
    people = OnDiscord(town.discord)
    (answer,) = await people.wait_for_answers(await people.mention(QUESTION, "movers"))
    assert "October" in answer.text
    await town.discord.driver.set_overwrite("#movers", "chloe", allow=("view_channel",))
    try:
        (wider,) = await people.wait_for_answers(await people.mention(QUESTION, "movers"))
        assert "October" not in wider.text
    finally:
        await town.discord.driver.set_overwrite("#movers", "chloe", deny=("view_channel",))
