"""A brain that thinks with LangChain chat models."""

import textwrap
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, time

from agents.errors import MalformedModelOutput
from agents.llm.asking import Asker, compose_messages, number_passages
from agents.llm.models import ModelChain
from agents.llm.outputs import CondenseOutput, JudgeOutput, PlanOutput
from agents.llm.queries import HISTORY_WEIGHT, Part
from agents.model import (
    EARLIER,
    Chat,
    Clarify,
    Decision,
    Decline,
    Enough,
    Judgement,
    Nothing,
    Question,
    Search,
    SearchAgain,
    Turn,
)
from agents.ports import SourceGuide
from agents.prompts import load_prompt
from retrieval.model import Passage, Period, SearchResult, SourceOutline, WeightedQuery

SURE_RELEVANCE = 0.9
"""Relevance of the best passage from which the model is not asked whether it is enough."""
_MOST_QUERIES = 4
_LONGEST_QUERY = 500
_HISTORY_TURNS = 4
_MOST_SOURCES = 50
_OUTLINED = 4_000
"""Characters in all by which the planner knows what the sources are about: a thousand tokens."""
_SHOWN = 600
"""Characters of an enclosed file by which the planner knows what it is about."""


class ChatModelBrain:
    """Plans and judges by structured output, and writes a streamed, cited answer.

    Without `sources` a plan cannot choose where to look; `now` tells what 'last week' is.
    """

    def __init__(
        self,
        writers: ModelChain,
        planners: ModelChain | None = None,
        *,
        sources: SourceGuide | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._writers = writers
        self._planners = Asker(planners or writers)
        self._sources = sources
        self._now = now
        self._plan = load_prompt("plan")
        self._judge = load_prompt("judge")
        self._answer = load_prompt("answer")
        self._condense = load_prompt("condense")

    @property
    def name(self) -> str:
        return self._writers.name

    @property
    def version(self) -> str:
        """The models and the wording of the prompts, for traces."""
        prompts = (self._plan, self._judge, self._answer, self._condense)
        wording = ", ".join(f"{prompt.name}@{prompt.digest}" for prompt in prompts)
        return f"{self._planners.models.name}, {self._writers.name}; prompts {wording}"

    async def plan(self, question: Question, history: Sequence[Turn]) -> Decision:
        """Ask the planner. Raises ModelUnavailable, MalformedModelOutput."""
        settings = question.settings
        rules = f"{self._plan.text}\n\nToday is {self._now():%Y-%m-%d}, a {self._now():%A}."
        sources = await self._sources.outline_sources(question.scope) if self._sources else ()
        if sources:
            rules += f"\n\nThe sources: {', '.join(one.name for one in sources[:_MOST_SOURCES])}"
        if settings.persona:
            rules += f"\n\nHouse style of this channel, for `reply`: {settings.persona}"
        if settings.remit:
            rules += f"\n\nThe remit of this channel: {settings.remit}"
        material = {
            **_show_sources(sources[:_MOST_SOURCES]),
            **_conversation(history),
            "message": question.text,
        }
        if question.enclosed:
            rules += (
                "\n\nFiles came with the message, and they will be read: a message about them, or"
                " about what they show, is `search`."
            )
            material |= _show_beginnings(question.enclosed)
        output = await self._planners.ask(PlanOutput, rules, material)
        return _decide(output, question, history, frozenset(one.name for one in sources))

    async def judge(
        self, question: Question, history: Sequence[Turn], result: SearchResult
    ) -> Judgement:
        """Ask the planner, unless the search itself is sure. Raises as `plan` does."""
        if result.passages and result.relevance >= SURE_RELEVANCE:
            return Enough(f"relevance {result.relevance:.2f}")
        material = {
            **_conversation(history),
            "question": question.text,
            **number_passages(enumerate(result.passages, start=1)),
        }
        output = await self._planners.ask(JudgeOutput, self._judge.text, material)
        queries = _usable(output.queries)
        if output.verdict == "enough" and result.passages:
            return Enough(output.reason)
        if output.verdict == "search_again":
            wanted = queries or [question.text[:_LONGEST_QUERY]]
            return SearchAgain(
                tuple((WeightedQuery(query),) for query in wanted),
                output.reason,
                wider=output.wider,
                around=output.around,
            )
        return Nothing(output.reason)

    async def write(
        self, question: Question, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> AsyncIterator[str]:
        """Stream the answer. Raises ModelUnavailable."""
        settings = question.settings
        rules = self._answer.text
        if settings.persona:
            rules += f"\n\nHouse style of this channel: {settings.persona}"
        if settings.language:
            rules += f"\n\nAnswer in the language with the code {settings.language}."
        material = {
            **_conversation(history),
            **number_passages(enumerate(passages, start=1)),
            "question": question.text,
        }
        async for piece in self._writers.stream(compose_messages(rules, material)):
            yield piece

    async def condense(self, turns: Sequence[Turn]) -> str:
        """Ask the planner for a summary. Raises as `plan` does."""
        output = await self._planners.ask(CondenseOutput, self._condense.text, _conversation(turns))
        if not output.summary.strip():
            raise MalformedModelOutput
        return output.summary.strip()


def _decide(
    output: PlanOutput, question: Question, history: Sequence[Turn], offered: frozenset[str]
) -> Decision:
    reply = output.reply.strip()
    queries = _usable(output.queries)
    if output.decision == "search" or not reply:
        return Search(
            _fuse(queries, question, history),
            output.reason or "the planner said so",
            frozenset(output.sources) & offered or None,
            _read_period(output.changed_since, output.changed_before),
        )
    if output.decision == "chat":
        return Chat(reply, output.reason)
    if output.decision == "clarify":
        return Clarify(reply, output.reason)
    return Decline(reply, output.reason)


def _read_period(since: str, before: str) -> Period | None:
    """The days as the beginning and the end of a period; what is no such thing is left out."""
    begin, end = _read_day(since), _read_day(before)
    if begin is None and end is None:
        return None
    if begin is not None and end is not None and begin >= end:
        return None
    return Period(begin, end)


def _read_day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), UTC)
    except ValueError:
        return None


def _fuse(queries: Sequence[str], question: Question, history: Sequence[Turn]) -> tuple[Part, ...]:
    """One part for each query; a single one is fused with what was typed and the turn before."""
    typed = WeightedQuery(question.text[:_LONGEST_QUERY])
    if not queries:
        return ((typed,),)
    if len(queries) > 1:
        return tuple((WeightedQuery(query),) for query in queries)
    part = [WeightedQuery(queries[0])]
    if queries[0].casefold() != typed.text.casefold():
        part.append(typed)
    if history and history[-1].id != EARLIER:
        part.append(WeightedQuery(history[-1].question[:_LONGEST_QUERY], HISTORY_WEIGHT))
    return (tuple(part),)


def _usable(queries: Sequence[str]) -> list[str]:
    trimmed = (" ".join(query.split())[:_LONGEST_QUERY] for query in queries)
    return list(dict.fromkeys(query for query in trimmed if query))[:_MOST_QUERIES]


def _conversation(history: Sequence[Turn]) -> dict[str, str]:
    if not history:
        return {}
    earlier = [turn for turn in history[:-_HISTORY_TURNS] if turn.id == EARLIER]
    lines = [
        f"Earlier, in short: {turn.question}"
        if turn.id == EARLIER
        else f"Person: {turn.question}\nFootnote: {turn.answer}"
        for turn in (*earlier, *history[-_HISTORY_TURNS:])
    ]
    return {"conversation": "\n".join(lines)}


def _show_sources(sources: Sequence[SourceOutline]) -> dict[str, str]:
    """What each source is about, all in so many characters; titles are anybody's words."""
    share = _OUTLINED // max(len(sources), 1)
    lines = [
        f"{one.name} ({one.kind}): "
        + textwrap.shorten("; ".join(one.topics), share, placeholder=" …")
        for one in sources
        if one.topics
    ]
    return {"sources": "\n".join(lines)} if lines else {}


def _show_beginnings(passages: Sequence[Passage]) -> dict[str, str]:
    """How each enclosed file begins, under its own name."""
    first = {passage.document: passage for passage in reversed(passages)}
    return {
        f"file {number}": f"{one.title}\n{one.text[:_SHOWN]}"
        for number, one in enumerate(reversed(first.values()), start=1)
    }
