"""The shipped program with a chat model, which a scripted server plays."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.acceptance.people import OnDiscord, OnSlack
from tests.acceptance.program import Shell, point_at_discord, point_at_slack, serving
from tests.acceptance.residents import ResidentOnDiscord, ResidentOnSlack, Residents
from tests.emulators.chat_model import ChatModelServer, Fault, Reply, Request, Rule, Script
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

QUESTION = "What is the PIN of the printer?"
PLAN = {"decision": "search", "reason": "a question", "reply": "", "queries": ["printer PIN"]}
VERDICT = {"verdict": "enough", "reason": "it is there", "queries": []}
ANSWER = (
    "The PIN of the printer on the second floor is **4711** [1]. Nobody has ever changed it [9]. "
    "Log in at https://evil.example/login or [here](https://evil.example/here) first. "
    "![tracker](https://evil.example/pixel.png) <!channel> @everyone"
)


@asynccontextmanager
async def serving_with(
    *rules: Rule, url: str, folder: Path, **more: str
) -> AsyncIterator[tuple[ChatModelServer, OnSlack, OnDiscord]]:
    async with (
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
        ChatModelServer(Script(list(rules))) as model,
    ):
        reached = point_at_slack(slack) | point_at_discord(discord)
        chosen = {
            "FOOTNOTE_CHAT_MODEL": "openai:scripted",
            "OPENAI_API_KEY": "test",
            "OPENAI_BASE_URL": model.openai_url,
            **more,
        }
        async with serving(Shell(folder, DATABASE_URL=url, **reached, **chosen)):
            yield model, OnSlack(slack), OnDiscord(discord)


async def test_what_the_model_makes_up_does_not_reach_the_channel_nor_cost_more_than_it_may(
    synced_url: str, tmp_path: Path
) -> None:
    rules = (
        Rule(schema="PlanOutput", reply=Reply(data=PLAN)),
        Rule(schema="JudgeOutput", reply=Reply(data=VERDICT)),
        Rule(schema="", reply=Reply(ANSWER)),
    )
    bounds = {"FOOTNOTE_MODEL_PRICES": "openai:scripted=1/1", "FOOTNOTE_CHANNEL_COST": "0.000001"}
    async with serving_with(*rules, url=synced_url, folder=tmp_path, **bounds) as (
        model,
        *everywhere,
    ):
        for people in everywhere:
            (answer,) = await people.wait_for_answers(await people.mention(QUESTION))
            assert "4711" in answer.text
            assert "[1]" in answer.text
            assert "printer" in answer.text
            assert "[9]" not in answer.text
            assert "Nobody" not in answer.text
            assert "evil" not in json.dumps(dict(answer.raw))
            assert not answer.pings
            assert "unavailable" not in answer.text
        assert any("4711" in request.text for request in model.requests)
        assert {request.model for request in model.requests} == {"scripted"}

        # The day's money is spent in these channels, so that the model is not asked again.
        asked = len(model.requests)
        for people in everywhere:
            (answer,) = await people.wait_for_answers(await people.mention(QUESTION))
            assert "4711" in answer.text
            assert "Today's budget for the answer model is spent" in answer.text
        assert len(model.requests) == asked


async def test_a_channels_house_style_reaches_the_model_there_alone_and_under_another_name(
    synced_url: str, tmp_path: Path
) -> None:
    persona = "Speak like the captain of a whaler"
    rules = (
        Rule(schema="PlanOutput", reply=Reply(data=PLAN)),
        Rule(schema="JudgeOutput", reply=Reply(data=VERDICT)),
        Rule(schema="", reply=Reply("Aye, the PIN of the printer is 4711 [1].")),
    )
    async with serving_with(*rules, url=synced_url, folder=tmp_path) as (model, slack, discord):

        async def ask(people: Residents, channel: str) -> list[Request]:
            """What the model is asked for an answer in the channel."""
            before = len(model.requests)
            (answer,) = await people.wait_for_answers(await people.mention(QUESTION, channel))
            assert "4711" in answer.text
            return model.requests[before:]

        for people in (ResidentOnSlack(slack.slack), ResidentOnDiscord(discord.discord)):
            await people.open_channel("deck")
            form = await people.open_form(people.admin, "deck", "channel set")
            told = await people.fill_in(people.admin, "deck", form, {"persona": persona})
            assert f"persona: nothing → {persona}" in told.plain
            here = await ask(people, "deck")
            people.rename("deck", "cabin")
            for asked in (here, await ask(people, "cabin")):
                styled = {one.schema_name for one in asked if persona in one.text}
                assert styled == {"PlanOutput", ""}
            assert not any(persona in one.text for one in await ask(people, "help"))


async def test_when_the_model_fails_the_sources_are_quoted(synced_url: str, tmp_path: Path) -> None:
    rule = Rule(fault=Fault("status", 500))
    async with serving_with(rule, url=synced_url, folder=tmp_path) as (model, *everywhere):
        for people in everywhere:
            (answer,) = await people.wait_for_answers(await people.mention(QUESTION))
            assert "4711" in answer.text
            assert "[1]" in answer.text
            assert "unavailable" in answer.text
        assert model.requests


async def test_the_planner_knows_the_sources_and_a_judge_has_its_say(
    synced_url: str, tmp_path: Path
) -> None:
    plan = {**PLAN, "sources": ["handbook"]}
    draft = "The PIN of the printer is 4711. [1] Gutenberg never forgets that PIN, they say. [1]"
    rules = (
        Rule(schema="PlanOutput", reply=Reply(data=plan)),
        Rule(schema="JudgeOutput", reply=Reply(data=VERDICT)),
        Rule(model="judge", reply=Reply(data={"verdicts": [{"claim": 1, "borne_by": []}]})),
        Rule(schema="", reply=Reply(draft)),
    )
    judged = {"FOOTNOTE_CITATION_JUDGE": "openai:judge"}
    async with serving_with(*rules, url=synced_url, folder=tmp_path, **judged) as (model, *both):
        for people in both:
            (answer,) = await people.wait_for_answers(await people.mention(QUESTION))
            assert "4711" in answer.text
            assert "Gutenberg" not in answer.text
        plans = [one.last for one in model.requests if one.schema_name == "PlanOutput"]
        judgements = [one.last for one in model.requests if one.model == "judge"]
    assert len(judgements) == len(plans) == 2
    assert "handbook (files): " in plans[0]
    assert "Printer" in plans[0].split("message>>")[0]
    assert "Gutenberg never forgets that PIN" in judgements[0]
    shell = Shell(tmp_path, DATABASE_URL=synced_url)
    traces = json.loads((await shell.run("trace", "--json")).output)["answers"]
    assert any("in handbook found" in line for line in traces[0]["trace"])
    assert any("refused 1 of 1 sentences in doubt" in line for line in traces[0]["trace"])
