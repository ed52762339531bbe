"""Answers questions. Hides LangGraph from the rest of Footnote."""

import hashlib
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

from langchain_core.runnables import RunnableConfig

from agents.config import AgentConfig
from agents.errors import AgentError
from agents.graph import AgentGraph, build_graph
from agents.language import detect_language
from agents.memory import ThreadSaver
from agents.metering import Meter
from agents.model import (
    EARLIER,
    FAILED,
    STOPPED,
    AgentEvent,
    Answer,
    Answered,
    AnswerRecord,
    Question,
    TextDelta,
    Trail,
    Turn,
)
from agents.nodes import AgentDeps
from agents.ports import (
    AnswerRecords,
    Brain,
    Eyes,
    PassageSearch,
    SentenceScorer,
    SupportJudge,
    ThreadMemory,
)
from agents.replies import warn
from agents.state import ANSWER, HISTORY, AgentState, start_question
from retrieval.errors import RetrievalError
from retrieval.model import TenantId

_log = logging.getLogger(__name__)

_STEPS_LIMIT = 40
"""LangGraph's own bound on steps; the agent's budget ends a run long before."""


class Assistant:
    """The agent, ready to answer. One instance serves the whole process."""

    def __init__(
        self,
        *,
        brain: Brain,
        fallback: Brain,
        passages: PassageSearch,
        sentences: SentenceScorer,
        memory: ThreadMemory,
        eyes: Eyes | None = None,
        judge: SupportJudge | None = None,
        records: AnswerRecords | None = None,
        config: AgentConfig | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._brain = brain
        self._fallback = fallback
        self._passages = passages
        self._sentences = sentences
        self._memory = memory
        self._eyes = eyes
        self._judge = judge
        self._records = records
        self._config = config or AgentConfig()
        self._clock = clock
        self._now = now
        self._graph = build_graph()

    async def answer(
        self, question: Question, trail: Trail | None = None
    ) -> AsyncIterator[AgentEvent]:
        """Steps, text deltas, and Answered as the last event; `trail` tells what there is so far.

        A question that was answered before is answered from memory; one that was interrupted goes
        on where it stopped; one with the same id but another text starts again. Closing the
        iterator stops the run and the model's call; `break_off` then keeps a record of it. Raises
        AgentError, RetrievalError.
        """
        trail = trail or Trail()
        graph = self._open_graph(question.scope.tenant)
        config: RunnableConfig = {"configurable": {"thread_id": question.thread}}
        start, held = await self._find_start(graph, config, question)
        if held is not None:
            yield Answered(held)
            return
        try:
            async with aclosing(self._run(graph, start, config, question, trail)) as events:
                async for event in events:
                    if isinstance(event, Answered):
                        await self._keep(record_answer(question, event.answer, self._now()))
                    yield event
        except Exception as error:
            await self._keep(record_end(question, trail, error, self._now()))
            raise

    async def break_off(
        self, question: Question, trail: Trail, error: Exception | None = None
    ) -> None:
        """Keep a record of a run that ended without an answer: stopped by people, or by an error.

        Where the run never began here, what an earlier one has left counts.
        """
        if not trail.trace and self._records is not None:
            config: RunnableConfig = {"configurable": {"thread_id": question.thread}}
            snapshot = await self._open_graph(question.scope.tenant).aget_state(config)
            held = cast("AgentState", snapshot.values)
            if held.get("question") == fingerprint_question(question):
                _follow(trail, held)
        await self._keep(record_end(question, trail, error, self._now()))

    async def recall(self, tenant: TenantId, thread: str) -> tuple[Turn, ...]:
        """The turns of a conversation, oldest first."""
        snapshot = await self._open_graph(tenant).aget_state(
            {"configurable": {"thread_id": thread}}
        )
        return HISTORY.read(cast("AgentState", snapshot.values)) or ()

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete everything remembered of a conversation, how it was answered included."""
        await self._memory.forget(tenant, thread)
        if self._records is not None:
            await self._records.forget(tenant, thread)

    async def begin_anew(self, tenant: TenantId, thread: str) -> None:
        """Have the next question of a conversation know nothing of what was before."""
        await self._memory.forget(tenant, thread)

    async def withdraw(self, tenant: TenantId, thread: str, question: str) -> None:
        """Delete what is remembered of one question, and how it was answered.

        Where earlier turns are remembered in short, it may be among them, so that goes too.
        """
        turns = await self.recall(tenant, thread)
        kept = tuple(turn for turn in turns if turn.id != question)
        if len(kept) == len(turns):
            kept = tuple(turn for turn in turns if turn.id != EARLIER)
        gone = len(kept) < len(turns)
        if gone or not turns:
            await self._memory.forget(tenant, thread)
        if gone and kept:
            await self._open_graph(tenant).aupdate_state(
                {"configurable": {"thread_id": thread}},
                {**start_question(""), "history": HISTORY.pack(kept)},
                as_node="conclude",
            )
        if self._records is not None:
            await self._records.withdraw(tenant, question)

    def _open_graph(self, tenant: TenantId) -> AgentGraph:
        return self._graph.copy({"checkpointer": ThreadSaver(self._memory, tenant)})

    async def _keep(self, record: AnswerRecord) -> None:
        """Keep a record. A question is not left without its answer because that fails."""
        if self._records is None:
            return
        try:
            await self._records.put(record)
        except RetrievalError as error:
            _log.warning("How question %s went could not be kept: %s", record.reference, error)

    async def _find_start(
        self, graph: AgentGraph, config: RunnableConfig, question: Question
    ) -> tuple[AgentState | None, Answer | None]:
        """The state to start from (None to go on with an interrupted run), or the known answer."""
        fingerprint = fingerprint_question(question)
        snapshot = await graph.aget_state(config)
        held = cast("AgentState", snapshot.values)
        if held.get("question") == fingerprint:
            if snapshot.next:
                return None, None
            return None, ANSWER.read(held)
        fresh = start_question(fingerprint)
        if question.settings.frugal and self._brain is not self._fallback:
            language = question.settings.language or detect_language(question.text)
            fresh["notices"] = [warn("budget spent", language)]
        gone = {question.id, question.replaces}
        turns = HISTORY.read(held) or ()
        if snapshot.next or any(turn.id in gone for turn in turns):
            fresh["history"] = HISTORY.pack(tuple(turn for turn in turns if turn.id not in gone))
        return fresh, None

    async def _run(
        self,
        graph: AgentGraph,
        start: AgentState | None,
        config: RunnableConfig,
        question: Question,
        trail: Trail,
    ) -> AsyncGenerator[AgentEvent, None]:
        """What a run of the graph tells, Answered at its end; `trail` follows it."""
        began = self._clock()
        meter = Meter(self._config.prices)
        state: AgentState = {}
        stream = graph.astream(
            start,
            {**config, "callbacks": [meter], "recursion_limit": _STEPS_LIMIT},
            context=self._make_deps(question, began, meter),
            stream_mode=["custom", "values"],
            durability="async",
        )
        try:
            async with aclosing(cast("AsyncGenerator[tuple[str, Any], None]", stream)) as parts:
                async for mode, part in parts:
                    if mode == "custom":
                        trail.text += part.text if isinstance(part, TextDelta) else ""
                        yield part
                    else:
                        state = part
                        _follow(trail, state)
        finally:
            trail.usage = meter.usage
        answer = ANSWER.read(state)
        if answer is None:
            raise AgentError("the run ended without an answer")
        timings = {**answer.timings_ms, "total": (self._clock() - began) * 1_000}
        yield Answered(replace(answer, usage=meter.usage, timings_ms=timings))

    def _make_deps(self, question: Question, began: float, meter: Meter) -> AgentDeps:
        config = self._config
        return AgentDeps(
            question=question,
            brain=self._fallback if question.settings.frugal else self._brain,
            fallback=self._fallback,
            passages=self._passages,
            sentences=self._sentences,
            config=config,
            clock=self._clock,
            now=self._now,
            deadline=began + config.seconds,
            spent=lambda: meter.share_of(config.max_tokens, config.max_cost),
            eyes=None if question.settings.frugal else self._eyes,
            judge=None if question.settings.frugal else self._judge,
        )


def fingerprint_question(question: Question) -> str:
    """Names a question with its text and scope, so that neither can change in mid-run."""
    scope = question.scope
    sources = "*" if scope.sources is None else "\x1f".join(sorted(scope.sources))
    files = [*(one.title for one in question.enclosed), *(one.name for one in question.pictures)]
    parts = (
        question.id,
        question.text,
        scope.tenant,
        "\x1f".join(sorted(scope.readers)),
        sources,
        "\x1f".join(dict.fromkeys(files)),
    )
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()


def record_answer(question: Question, answer: Answer, at: datetime) -> AnswerRecord:
    """The record of a question that was answered."""
    return AnswerRecord(
        reference=question.id,
        tenant=question.scope.tenant,
        thread=question.thread,
        question=question.text,
        outcome=answer.outcome.value,
        model=answer.model,
        trace=answer.decisions,
        timings_ms=answer.timings_ms,
        usage=answer.usage,
        error="",
        at=at,
        answer=answer.text,
        # Files that came with the question are not kept.
        citations=tuple(citation for citation in answer.citations if citation.chunk > 0),
    )


def record_end(
    question: Question, trail: Trail, error: Exception | None, at: datetime
) -> AnswerRecord:
    """The record of a question without an answer, with the trace up to there."""
    return AnswerRecord(
        reference=question.id,
        tenant=question.scope.tenant,
        thread=question.thread,
        question=question.text,
        outcome=STOPPED if error is None else FAILED,
        model=trail.model,
        trace=trail.trace,
        timings_ms=trail.timings_ms,
        usage=trail.usage,
        error="" if error is None else f"{type(error).__name__}: {error}",
        at=at,
        answer=trail.text if error is None else "",
    )


def _follow(trail: Trail, state: AgentState) -> None:
    trail.model = state.get("writer", "")
    trail.trace = tuple(state.get("trace", ()))
    trail.timings_ms = dict(state.get("timings", {}))
