"""A chat model that judges citations, honest or not, within the whole agent."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from agents.assistant import Assistant
from agents.config import AgentConfig, Price
from agents.llm.chat_model import ChatModelBrain
from agents.llm.citation_judge import ChatModelJudge
from agents.llm.extractive import BuiltInBrain
from agents.llm.models import CallPolicy, open_models
from agents.memory import InProcessMemory
from agents.model import Answer, Answered, AnswerSettings, Question, Usage
from retrieval.model import EVERYONE, AccessScope, TenantId
from tests.emulators.chat_model import ChatModelServer, Fault, Reply, Request, Rule, Script
from tests.fakes.passage_search import (
    NOW,
    InMemoryPassageSearch,
    InMemorySentenceScorer,
    make_passages,
)

TENANT = TenantId("default")
ASKED = "How many days are backups kept?"
DOCUMENTS = {
    "Backups": "Backups run every night. They are kept for 30 days. Restores are never free.",
    "Sicherungen": "Die Sicherungen laufen jede Nacht im Keller.",
}
QUOTED = "Backups run every night. [1]"
SHARED = "They are kept for 30 days. [1]"
OPEN = "Restores cost money, said the vault's smith, and are never free. [1]"
"""Its words do not tell enough."""
TURNED = "Backups are kept for 30 days, and restores are free. [1]"
"""Its words stand in the passage, but it turns the meaning round."""
FOREIGN = "Backups never touch a disk. [2]"
"""The passage is in another language, so that its words cannot be compared."""
OTHER_FIGURE = "They are kept for 90 days. [1]"
ELSEWHERE = "Penguins inherit the whole estate. [1]"

BUDGET = AgentConfig(max_tokens=20_000, prices={"openai:scripted": Price(1.0, 1.0)})
PRICED = replace(BUDGET, prices={**BUDGET.prices, "openai:judge": Price(10.0, 10.0)})


def write(*sentences: str) -> list[Rule]:
    """A model that plans and judges well, and writes these sentences."""
    plan = {"decision": "search", "reason": "asked", "queries": ["backups Sicherungen"]}
    return [
        Rule(schema="PlanOutput", model="scripted", reply=Reply(data=plan)),
        Rule(
            schema="JudgeOutput",
            model="scripted",
            reply=Reply(data={"verdict": "enough", "reason": "said"}),
        ),
        Rule(model="scripted", reply=Reply(" ".join(sentences))),
    ]


def claims_of(request: Request) -> dict[int, list[int]]:
    """The claims that a judge is asked about, with the passages that it may name."""
    lines = [line for line in request.last.splitlines() if " claim " in line]
    return {
        int(line.split(" claim ")[1].split(",")[0]): [
            int(part.split("]")[0]) for part in line.split("[")[1:]
        ]
        for line in lines
    }


def says(*, borne: bool) -> Rule:
    """A judge that finds everything borne, or nothing."""

    def reply(request: Request) -> Reply:
        claims = claims_of(request).items()
        verdicts = [{"claim": at, "borne_by": them if borne else []} for at, them in claims]
        return Reply(data={"verdicts": verdicts})

    return Rule(model="judge", reply=reply)


@dataclass
class Stage:
    assistant: Assistant
    model: ChatModelServer

    async def ask(self, *, frugal: bool = False) -> Answer:
        scope = AccessScope(TENANT, frozenset({EVERYONE}))
        await self.assistant.forget(TENANT, "t")
        question = Question("q1", ASKED, "t", scope, AnswerSettings(frugal=frugal))
        *_, last = [event async for event in self.assistant.answer(question)]
        assert isinstance(last, Answered)
        return last.answer

    @property
    def asked(self) -> list[Request]:
        """What the judge was asked."""
        return [request for request in self.model.requests if request.model == "judge"]


Start = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Start:
    @asynccontextmanager
    async def start(
        *rules: Rule, config: AgentConfig = BUDGET, judged: bool = True
    ) -> AsyncIterator[Stage]:
        async with ChatModelServer(Script(list(rules))) as server:
            monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
            monkeypatch.setenv("OPENAI_API_KEY", "test")
            policy = CallPolicy(retries=1, jitter=lambda: 0.1)
            scorer = InMemorySentenceScorer()
            search = InMemoryPassageSearch(make_passages(DOCUMENTS))
            judges = open_models(["openai:judge"], policy)
            assistant = Assistant(
                brain=ChatModelBrain(open_models(["openai:scripted"], policy)),
                fallback=BuiltInBrain(scorer, now=lambda: NOW),
                passages=search,
                sentences=scorer,
                memory=InProcessMemory(),
                judge=ChatModelJudge(judges) if judged else None,
                config=config,
                now=lambda: NOW,
            )
            yield Stage(assistant, server)

    return start


async def test_it_is_asked_about_what_words_leave_open_and_nothing_else(stage: Start) -> None:
    rules = [says(borne=True), *write(QUOTED, SHARED, OPEN, FOREIGN, OTHER_FIGURE, ELSEWHERE)]
    async with stage(*rules) as here:
        answer = await here.ask()
        [request] = here.asked
    assert claims_of(request) == {1: [1], 2: [2]}
    assert answer.text == (
        "Backups run every night. [1] They are kept for 30 days. [1] Restores cost money, said the"
        " vault's smith, and are never free. [1] Backups never touch a disk. [2]"
    )
    [line] = [line for line in answer.decisions if "in doubt" in line]
    assert line.startswith("check: openai:judge (prompt support@")
    assert line.endswith("refused 0 of 2 sentences in doubt")


async def test_what_it_refuses_is_left_out(stage: Start) -> None:
    async with stage(says(borne=False), *write(QUOTED, OPEN, FOREIGN)) as here:
        answer = await here.ask()
    assert answer.text == QUOTED
    assert [line for line in answer.decisions if "left out" in line] == [
        'check: left out "Restores cost money, said the vault\'s smith, and are never free."',
        "check: left out 'Backups never touch a disk.'",
    ]


async def test_asked_about_all_it_sees_what_words_cannot(stage: Start) -> None:
    rules = [says(borne=False), *write(QUOTED, TURNED)]
    async with stage(*rules) as here:
        assert "restores are free" in (await here.ask()).text
        assert here.asked == []
    async with stage(*rules, config=replace(BUDGET, judge_all=True)) as here:
        answer = await here.ask()
        assert len(here.asked) == 1
    assert answer.text == QUOTED


async def test_a_judge_that_lies_lets_nothing_pass_that_words_refuse(stage: Start) -> None:
    rules = [says(borne=True), *write(QUOTED, OTHER_FIGURE, ELSEWHERE)]
    async with stage(*rules, config=replace(BUDGET, judge_all=True)) as here:
        answer = await here.ask()
        assert here.asked == []
    assert answer.text == QUOTED


DRAFT = (QUOTED, SHARED, OPEN, FOREIGN, OTHER_FIGURE)
BROKEN = {
    "in prose": Rule(model="judge", reply=Reply("Looks fine to me!")),
    "in broken JSON": Rule(model="judge", reply=Reply('{"verdicts": [{"claim": 1, "bor')),
    "with another structure": Rule(model="judge", reply=Reply(data={"verdict": "enough"})),
    "with a foreign tool": Rule(
        model="judge", reply=Reply(tool_calls=[{"name": "delete_everything", "arguments": {}}])
    ),
    "for other claims": Rule(
        model="judge", reply=Reply(data={"verdicts": [{"claim": 7, "borne_by": [1]}]})
    ),
    "in silence": Rule(model="judge", fault=Fault("stall")),
    "with no JSON at all": Rule(model="judge", fault=Fault("broken_json")),
    "by hanging up": Rule(model="judge", fault=Fault("disconnect")),
    "with 429": Rule(model="judge", fault=Fault("status", 429)),
    "with 429 for a minute": Rule(model="judge", fault=Fault("status", 429, retry_after=60)),
    "with 500": Rule(model="judge", fault=Fault("status", 500)),
    "with 401": Rule(model="judge", fault=Fault("status", 401)),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_when_it_answers_badly_the_built_in_check_decides(stage: Start, name: str) -> None:
    async with stage(*write(*DRAFT), judged=False) as here:
        wanted = await here.ask()
    patience = replace(BUDGET, step_seconds=0.3) if name == "in silence" else BUDGET
    async with asyncio.timeout(60), stage(BROKEN[name], *write(*DRAFT), config=patience) as here:
        answer = await here.ask()
        assert 1 <= len(here.asked) <= 4
    assert answer.text == wanted.text
    assert "90" not in answer.text
    [line] = [line for line in answer.decisions if "judge failed" in line]
    assert line.endswith("deciding without it")


async def test_its_tokens_and_its_cost_are_those_of_the_question(stage: Start) -> None:
    verdict = {"verdicts": [{"claim": 1, "borne_by": [1]}]}
    counted = Rule(model="judge", reply=Reply(data=verdict, input_tokens=1_000, output_tokens=100))
    rules = write(QUOTED, OPEN)
    async with stage(*rules, config=PRICED, judged=False) as here:
        without = (await here.ask()).usage
    async with stage(counted, *rules, config=PRICED) as here:
        answer = await here.ask()
    assert without.cost is not None
    assert answer.usage == Usage(
        without.calls + 1,
        without.input_tokens + 1_000,
        without.output_tokens + 100,
        pytest.approx(without.cost + 0.011),
    )


async def test_when_the_budget_is_spent_it_is_not_asked(stage: Start) -> None:
    rules = write(QUOTED, OPEN)
    spent = Reply(rules[2].reply.text, input_tokens=20_000, output_tokens=1)  # type: ignore[union-attr]
    rules[2] = Rule(model="scripted", reply=spent)
    async with stage(says(borne=True), *rules) as here:
        answer = await here.ask()
        assert here.asked == []
    assert QUOTED in answer.text
    assert any("judge failed (The question used up its budget.)" in one for one in answer.decisions)


async def test_what_is_quoted_needs_no_judge(stage: Start) -> None:
    async with stage(says(borne=False)) as here:
        answer = await here.ask(frugal=True)
        assert here.model.requests == []
    assert answer.quoted
