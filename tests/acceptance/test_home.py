"""Home pages of the shipped program: what people see, and that what they choose holds."""

from pathlib import Path

from tests.acceptance.homes import press_home, see_home
from tests.acceptance.people import OnSlack
from tests.acceptance.program import PATIENCE, Shell, point_at_slack, serving
from tests.emulators.slack import SlackEmulator

CARRIED_OVER = "How many days of holiday can be carried over?"


async def ask_directly(people: OnSlack) -> str:
    asked = await people.write_directly(people.member, CARRIED_OVER)
    (answer, *_) = await people.wait_for_answers(asked)
    return answer.plain


async def test_a_member_chooses_a_language_and_has_it_until_it_is_forgotten(
    synced_url: str, tmp_path: Path
) -> None:
    async with SlackEmulator() as slack:
        people, driver, me = OnSlack(slack), slack.driver, OnSlack.member
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_slack(slack))
        async with serving(shell):
            await driver.open_home(me)
            page = str(await see_home(driver, me, "handbook"))
            assert "3 documents · read" in page
            assert "What does “Holidays” say about “Booking”?" in page
            assert "For admins" not in page
            assert "Quoted from the sources" in await ask_directly(people)
            assert (await press_home(driver, me, "Deutsch"))["acked"]
            await see_home(driver, me, "Was ich weiß")
            assert "Aus den Quellen zitiert" in await ask_directly(people)
        async with serving(shell):
            # The page of the process before is pressed, and holds what was chosen then.
            assert (await press_home(driver, me, "Nicht mehr sagen"))["acked"]
            await see_home(driver, me, "Aus: Ich sage dir nicht")
            assert "Aus den Quellen zitiert" in await ask_directly(people)

            assert (await press_home(driver, me, "Meine Unterhaltungen vergessen"))["acked"]
            await see_home(driver, me, "Ich antworte dir unter Nachrichten.")
            direct = slack.workspace.direct(me, slack.bot_user_id)
            (asked,) = await driver.wait_for_reply(
                direct.id, None, containing="Soll ich vergessen", timeout=PATIENCE
            )
            await driver.click(me, direct.id, asked["ts"], "button0")
            await driver.wait_for_ephemeral(
                direct.id, me, containing="Vergessen:", timeout=PATIENCE
            )
            await driver.open_home(me)
            page = str(await see_home(driver, me, "What I know"))
            assert "On: I tell you" in page


async def test_an_admin_syncs_from_the_corner_and_strangers_see_nothing(
    synced_url: str, tmp_path: Path
) -> None:
    async with SlackEmulator() as slack:
        driver = slack.driver
        await driver.add_user("olga", is_admin=True)  # of the workspace, and named nowhere
        await driver.add_user("sam", team_id="T0ELSEWHERE")
        shell = Shell(tmp_path, DATABASE_URL=synced_url, **point_at_slack(slack))
        async with serving(shell):
            await driver.open_home("sam")
            page = str(await see_home(driver, "sam", "only what is meant for anybody"))
            assert "There are no sources that you may read." in page
            assert "handbook" not in page

            await driver.open_home("olga")
            await see_home(driver, "olga", "(files): 3 documents")
            assert (await press_home(driver, "olga", "Sync a source"))["acked"]
            form = await driver.wait_for_view("olga", timeout=PATIENCE)
            offered = await driver.suggest("olga", form["view_id"], "source")
            assert "handbook" in str(offered)
            await driver.submit("olga", form["view_id"], {"source": "handbook"})
            direct = slack.workspace.direct("olga", slack.bot_user_id)
            await driver.wait_for_reply(
                direct.id, None, containing="Sync of handbook is done", timeout=PATIENCE
            )
            assert (await press_home(driver, "olga", "How syncs stand"))["acked"]
            await driver.wait_for_reply(
                direct.id, None, containing="handbook: is done", timeout=PATIENCE
            )
