"""Each decision of the agent as people see it in Slack, with and without a chat model."""

from pathlib import Path

import pytest

from tests.acceptance.people import OnSlack
from tests.acceptance.program import Shell, point_at_slack, serving
from tests.emulators.chat_model import ChatModelServer, Reply, Request, Rule, Script
from tests.emulators.slack import SlackEmulator

STORIES = {
    "hello!": ("chat", "Hello"),
    "how do I do that?": ("clarify", "?"),
    "write me a poem about the sea": ("declined", "only answer from"),
    "What is the PIN of the printer?": ("answered", "4711"),
    "What does the canteen serve on Friday?": ("unknown", "don't know"),
}
"""What people write, how it ends, and what the reply says."""

PLANS = {
    "hello!": {"decision": "chat", "reply": "Hello! What would you like to know?"},
    "how do I do that?": {"decision": "clarify", "reply": "How do you do what?"},
    "write me a poem about the sea": {
        "decision": "decline",
        "reply": "I only answer from the team's documents.",
    },
    "What is the PIN of the printer?": {"decision": "search", "queries": ["printer PIN"]},
    "What does the canteen serve on Friday?": {"decision": "search", "queries": ["canteen Friday"]},
}


def plan(request: Request) -> Reply:
    """What a sensible planner would say to the message."""
    return Reply(data=next(made for text, made in PLANS.items() if text in request.last))


def judge(request: Request) -> Reply:
    """Enough only where the PIN is asked for."""
    asked = "What is the PIN" in request.last
    return Reply(data={"verdict": "enough" if asked else "nothing"})


SCRIPT = [
    Rule(schema="PlanOutput", reply=plan),
    Rule(schema="JudgeOutput", reply=judge),
    Rule(
        contains="What is the PIN",
        reply=Reply("The PIN of the printer on the second floor is 4711. [1]"),
    ),
    Rule(reply=Reply("UNKNOWN")),
]


@pytest.mark.parametrize("brain", ["built-in", "openai:scripted"])
async def test_each_decision_is_seen_and_kept(brain: str, synced_url: str, tmp_path: Path) -> None:
    async with SlackEmulator() as slack, ChatModelServer(Script(SCRIPT)) as model:
        chosen = {
            "FOOTNOTE_CHAT_MODEL": brain,
            "OPENAI_API_KEY": "test",
            "OPENAI_BASE_URL": model.openai_url,
        }
        settings = {"DATABASE_URL": synced_url, **point_at_slack(slack)}
        shell = Shell(tmp_path, **settings, **(chosen if brain != "built-in" else {}))
        async with serving(shell):
            people = OnSlack(slack)
            for message, (_, words) in STORIES.items():
                (answer,) = await people.wait_for_answers(await people.mention(message))
                assert words in answer.text, message
        kept = (await shell.run("trace", "--json")).json["answers"]
    ended = {one["question"]: one["outcome"] for one in kept}
    assert ended == {message: outcome for message, (outcome, _) in STORIES.items()}
    assert all(one["trace"][0].startswith("brain: ") for one in kept)
    calls = {one["question"]: one["usage"]["calls"] for one in kept}
    assert (calls["hello!"] == 1) == (brain != "built-in")
    assert all(one["timings_ms"]["total"] > 0 for one in kept)
