"""Checking every sentence of a draft against the passages it cites."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from langgraph.runtime import Runtime

from agents.citations import (
    CheckedText,
    Claim,
    attach_marks,
    clean_draft,
    find_claims,
    settle,
)
from agents.errors import AgentError, BudgetExceeded
from agents.freshness import find_contradictions, find_stale
from agents.model import Answer, Citation, Doubt, Nothing, Outcome, StepStarted, is_enclosed
from agents.nodes.deps import AgentDeps, describe, measure, quote, read_evidence, tell
from agents.nodes.writing import admits_unknown
from agents.ports import SupportJudge
from agents.state import ANSWER, HISTORY, JUDGEMENT, AgentState, AgentUpdate
from agents.support import (
    HOLDING,
    MeaningJudge,
    Wording,
    Wordings,
    compare_words,
    find_doubts,
)
from retrieval.model import Passage

Evidence = Sequence[Passage]

_LEFT_OPEN = frozenset({Wording.OPEN, Wording.FOREIGN})
_NOT_QUOTED = _LEFT_OPEN | {Wording.SHARED}
"""What a model is asked about that judges citations: all of it, where that is set."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A draft as it holds, and what is to be said in the trace."""

    text: CheckedText
    trace: tuple[str, ...] = ()


async def check(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Check every sentence of the draft against what it cites, and build the answer."""
    deps = runtime.context
    started = deps.clock()
    tell(runtime, StepStarted("checking"))
    evidence = read_evidence(state, deps)
    trace = list(state["trace"])
    notices = list(state["notices"])
    writer = state["writer"]
    judge = None if writer == deps.fallback.name else deps.judge
    found = await _check_draft(state["draft"], evidence, deps, judge)
    checked = found.text
    trace += found.trace
    if not checked.used and writer != deps.fallback.name and not admits_unknown(state["draft"]):
        trace.append("check: nothing of the draft held, quoting instead")
        history = HISTORY.read(state) or ()
        writer = deps.fallback.name
        quoted = await quote(deps, history, evidence)
        checked = (await _check_draft(quoted, evidence, deps, None)).text
    trace += [f"check: left out {sentence!r}" for sentence in checked.removed]
    update: AgentUpdate = {"trace": trace, "timings": {"check": measure(deps, started)}}
    if not checked.used:
        update["judgement"] = JUDGEMENT.pack(Nothing("nothing in the sources bears an answer"))
        return update
    citations = _cite(checked, evidence, deps.now())
    limit = deps.question.settings.freshness_days
    notices += [
        *find_stale(citations, limit, deps.language),
        *find_contradictions(citations, deps.language),
    ]
    update["answer"] = ANSWER.pack(
        Answer(
            text=checked.text,
            outcome=Outcome.ANSWERED,
            citations=citations,
            model=writer,
            notices=tuple(notices),
            quoted=writer == deps.fallback.name,
        )
    )
    return update


async def _check_draft(
    draft: str, evidence: Evidence, deps: AgentDeps, judge: SupportJudge | None
) -> _Checked:
    if admits_unknown(draft):
        return _Checked(CheckedText("", (), (), ()))
    titles = {passage.url: passage.title for passage in evidence}
    text = clean_draft(draft, len(evidence), titles)
    claims = find_claims(text)
    borne, trace = await _find_support(claims, evidence, deps, judge)
    return _Checked(settle(text, attach_marks(claims, borne)), trace)


async def _find_support(
    claims: Sequence[Claim], evidence: Evidence, deps: AgentDeps, judge: SupportJudge | None
) -> tuple[Mapping[tuple[int, int], bool], tuple[str, ...]]:
    """Which passage (from 1) bears which claim: by words, and where they do not tell, by the judge
    or, without one that answers, by meaning.
    """
    wordings = compare_words(claims, evidence)
    borne = {pair: wording in HOLDING for pair, wording in wordings.items()}
    judged: dict[tuple[int, int], bool] | None = None
    trace: tuple[str, ...] = ()
    if judge is not None:
        judged, trace = await _ask_judge(judge, claims, wordings, evidence, deps)
    if judged is None:
        doubts = find_doubts(claims, wordings, {Wording.OPEN})
        weighed = await MeaningJudge(deps.sentences).weigh(list(doubts.values()), evidence)
        judged = _spell_out(doubts, weighed)
    return borne | judged, trace


async def _ask_judge(
    judge: SupportJudge,
    claims: Sequence[Claim],
    wordings: Wordings,
    evidence: Evidence,
    deps: AgentDeps,
) -> tuple[dict[tuple[int, int], bool] | None, tuple[str, ...]]:
    """What a model says of what it is asked about, None where it fails; and the trace."""
    doubtful = _NOT_QUOTED if deps.config.judge_all else _LEFT_OPEN
    doubts = find_doubts(claims, wordings, doubtful)
    if not doubts:
        return None, ()
    try:
        if not deps.may_write():
            raise BudgetExceeded
        left = deps.deadline - deps.clock()
        async with asyncio.timeout(min(left, deps.config.step_seconds)):
            weighed = await judge.weigh(list(doubts.values()), evidence)
    except (AgentError, TimeoutError) as error:
        return None, (f"check: {judge.name} failed ({describe(error)}), deciding without it",)
    refused = sum(not bearers for bearers in weighed)
    told = f"check: {judge.version} refused {refused} of {len(doubts)} sentences in doubt"
    return _spell_out(doubts, weighed), (told,)


def _spell_out(
    doubts: Mapping[int, Doubt], weighed: Sequence[frozenset[int]]
) -> dict[tuple[int, int], bool]:
    """Of every passage that was weighed, whether it bears the claim."""
    return {
        (index, number): number in bearers
        for (index, doubt), bearers in zip(doubts.items(), weighed, strict=True)
        for number in (*doubt.cited, *doubt.others)
    }


def _cite(checked: CheckedText, evidence: Sequence[Passage], now: datetime) -> tuple[Citation, ...]:
    return tuple(
        make_citation(number, evidence[index], quote, now)
        for number, (index, quote) in enumerate(
            zip(checked.used, checked.quotes, strict=True), start=1
        )
    )


def make_citation(number: int, passage: Passage, quote: str, now: datetime) -> Citation:
    """The citation; of a file that came with the question nothing is kept but what is quoted."""
    return Citation(
        n=number,
        title=passage.title,
        url=passage.url,
        section=passage.section,
        passage=quote if is_enclosed(passage) else passage.text,
        quote=quote,
        source=passage.source,
        age_days=None if passage.modified_at is None else max(0, (now - passage.modified_at).days),
        chunk=passage.chunk,
    )
