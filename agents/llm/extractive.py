"""The built-in brain: deterministic, needs no key, answers in the sources' own sentences."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime

from agents.language import detect_language, find_terms
from agents.llm.composition import compose
from agents.llm.evidence import Ranking, rank_units
from agents.llm.narrowing import Narrowed, may_name_sources, narrow_question
from agents.llm.queries import (
    Part,
    find_compared,
    leans_on_history,
    narrow_follow_up,
    plan_parts,
    reduce_to_terms,
    rewrite_follow_up,
    split_question,
    strip_politeness,
    trace_context,
)
from agents.llm.triage import Intent, Triage, read_message
from agents.model import (
    Chat,
    Clarify,
    Decision,
    Decline,
    Enough,
    Judgement,
    Question,
    Search,
    SearchAgain,
    Turn,
)
from agents.ports import SentenceScorer, SourceCatalog
from agents.replies import reply_to, say_outside, say_part_unknown
from retrieval.model import Passage, SearchResult, WeightedQuery

NAME = "built-in"

ANSWER_THRESHOLD = 0.47
"""Confidence from which the best evidence is quoted as the answer.

Over a SQuAD 2.0 half, with the shipped search, 80 % of the answerable questions lie above it, and
19 % of them once their paragraph is taken away.
"""
THIN_THRESHOLD = 0.1
"""Confidence below which another search is not worth while."""
_CONDENSED_WORDS = 30
REMIT_THRESHOLD = 0.12
"""Cosine to the remit below which a question that shares no word with it lies outside."""


class BuiltInBrain:
    """Decides by rules, judges by similarity and word cover, and writes by quoting.

    Without `sources` a question cannot choose where to look; `now` tells what 'last week' is.
    """

    def __init__(
        self,
        scorer: SentenceScorer,
        *,
        sources: SourceCatalog | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        answer_threshold: float = ANSWER_THRESHOLD,
    ) -> None:
        self._scorer = scorer
        self._sources = sources
        self._now = now
        self._answer_threshold = answer_threshold

    @property
    def name(self) -> str:
        return NAME

    @property
    def version(self) -> str:
        """The brain and its threshold, for traces."""
        return f"{NAME}, threshold {self._answer_threshold:.2f}"

    async def plan(self, question: Question, history: Sequence[Turn]) -> Decision:
        """Decide by what the message looks like. Raises RetrievalError."""
        read = read_message(question.text)
        history = _about_something(history)
        language = question.settings.language or read.language
        earlier = "leans on the turns before it" if history else ""
        at_hand = "a file came with it" if question.enclosed else earlier
        vague = {Intent.UNCLEAR, Intent.TASK} if question.enclosed else {Intent.UNCLEAR}
        if at_hand and read.intent in vague:
            return Search(plan_parts(read.text, history), at_hand)
        if read.intent is Intent.UNCLEAR:
            return Clarify(reply_to("unclear", language), read.reason)
        if read.intent in {Intent.TASK, Intent.OVERRIDE}:
            return Decline(reply_to(read.intent.value, language), read.reason)
        if read.intent is not Intent.QUESTION:
            return Chat(reply_to(read.intent.value, language), read.reason)
        if await self._is_outside(read, question.settings.remit):
            return Decline(say_outside(question.settings.remit, language), "outside the remit")
        asked = await self._narrow(question)
        parts = plan_parts(asked.text, history, typed=question.text)
        reason = read.reason if len(parts) == 1 else f"{read.reason}, in {len(parts)} parts"
        return Search(parts, reason, asked.sources, asked.period)

    async def judge(
        self, question: Question, history: Sequence[Turn], result: SearchResult
    ) -> Judgement:
        """Judge whether something in the passages can be quoted as the answer."""
        asked = (await self._narrow(question)).text
        parts = plan_parts(asked, _about_something(history), typed=question.text)
        if not result.passages:
            return _search_differently(asked, parts, result.reason or "nothing found")
        confidence = 0.0
        for _, _, ranking in await self._rank_parts(asked, history, result.passages):
            confidence = max(confidence, ranking.confidence)
        if confidence >= self._answer_threshold:
            return Enough(f"confidence {confidence:.2f}")
        if await self._answer_sides(asked, result.passages):
            return Enough("both sides are told of")
        reason = f"confidence {confidence:.2f} is below {self._answer_threshold:.2f}"
        if confidence < THIN_THRESHOLD:
            return SearchAgain(parts, reason, otherwise="give_up", wider=True)
        return _search_differently(asked, parts, reason)

    async def write(
        self, question: Question, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> AsyncIterator[str]:
        """Quote what answers each part of the question, or tells of each side, in paragraphs.

        A part that nothing answers is named beside those that are answered.
        """
        asked = (await self._narrow(question)).text
        answered = await self._answer_sides(asked, passages)
        if not answered:
            ranked = await self._rank_parts(asked, history, passages)
            answered = ranked if any(self._is_sure(one[2]) for one in ranked) else ranked[:1]
        language = question.settings.language or detect_language(question.text)
        written: list[str] = []
        for label, wording, ranking in answered:
            if len(answered) > 1 and not self._is_sure(ranking):
                paragraph = say_part_unknown(language)
            else:
                paragraph = compose(wording, ranking.without("\n".join(written)))
            if paragraph in written and not _shares_a_word(label, paragraph):
                # what it leans on found it, not what it asks
                paragraph = say_part_unknown(language)
            if paragraph not in ("", *written):
                lead = f"**{label}**\n" if len(answered) > 1 else ""
                yield f"\n\n{lead}{paragraph}" if written else f"{lead}{paragraph}"
                written.append(paragraph)

    async def condense(self, turns: Sequence[Turn]) -> str:
        """The salient words of what was asked, each once, those of the latest turns for sure."""
        words: dict[str, str] = {}
        for turn in reversed(_about_something(turns)):
            for word in reduce_to_terms(turn.question).split():
                if len(words) < _CONDENSED_WORDS:
                    words.setdefault(word.casefold(), word)
        return " ".join(words.values()) or "small talk"

    async def _answer_sides(
        self, asked: str, passages: Sequence[Passage]
    ) -> list[tuple[str, str, Ranking]]:
        """Both sides of a comparison with what tells of each; nothing unless both are told of."""
        sides = find_compared(asked) if len(split_question(asked)) == 1 else None
        if sides is None:
            return []
        ranked = [
            (f"{_capitalise(side)}:", *await self._rank(side, (), passages)) for side in sides
        ]
        return ranked if all(self._is_sure(ranking) for _, _, ranking in ranked) else []

    async def _rank_parts(
        self, asked: str, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> list[tuple[str, str, Ranking]]:
        """Each part of the question as a heading, with the wording that tells most and the ranking
        for that.
        """
        parts = split_question(asked)
        contexts = trace_context(parts, history)
        return [
            (f"{_capitalise(part).rstrip(' ?？.!')}?", *await self._rank(part, context, passages))
            for part, context in zip(parts, contexts, strict=True)
        ]

    def _is_sure(self, ranking: Ranking) -> bool:
        return ranking.confidence >= self._answer_threshold

    async def _rank(
        self, part: str, history: Sequence[Turn], passages: Sequence[Passage]
    ) -> tuple[str, Ranking]:
        """The ranking for the part as typed or, where that tells more, with the words it leans on.

        Returns the wording that was used with it.
        """
        plain = await rank_units(part, passages, self._scorer)
        earlier = _about_something(history)
        if not earlier or not leans_on_history(part) or not plain.best:
            return part, plain
        rewrites = (rewrite_follow_up(part, earlier), narrow_follow_up(part, earlier))
        carried = [await rank_units(one, passages, self._scorer) for one in rewrites]
        rankings = [(part, plain), *zip(rewrites, carried, strict=True)]
        return max(rankings, key=lambda one: one[1].confidence)

    async def _is_outside(self, read: Triage, remit: str) -> bool:
        if not remit.strip() or set(find_terms(remit)) & set(find_terms(read.text)):
            return False
        [similarity] = await self._scorer.similarity(read.text, [remit])
        return similarity < REMIT_THRESHOLD

    async def _narrow(self, question: Question) -> Narrowed:
        """The question without mentions, greetings and politeness, and where it wants to look."""
        text = strip_politeness(read_message(question.text).text)
        names: frozenset[str] = frozenset()
        if self._sources is not None and may_name_sources(text):
            names = await self._sources.list_sources(question.scope)
        return narrow_question(text, names, self._now())


def _shares_a_word(one: str, other: str) -> bool:
    return not set(find_terms(one)).isdisjoint(find_terms(other))


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def _search_differently(asked: str, parts: Sequence[Part], reason: str) -> SearchAgain:
    """The same in all sources and of any time, the bare words, and what stands around the hits.

    What was searched already, the run leaves out.
    """
    reduced = reduce_to_terms(asked)
    wanted = (*parts, (WeightedQuery(reduced),)) if reduced else tuple(parts)
    return SearchAgain(wanted, reason, otherwise="give_up", wider=True, around=True)


def _about_something(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns that asked for something: small talk lends no words to a follow-up."""
    return tuple(turn for turn in history if read_message(turn.question).intent is Intent.QUESTION)
