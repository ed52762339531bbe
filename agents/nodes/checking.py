"""Checking every sentence of a draft against the passages it cites."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from langgraph.runtime import Runtime

from agents.citations import (
    SIMILARITY_BEARS,
    CheckedText,
    Claim,
    attach_marks,
    bears_in_words,
    clean_draft,
    find_claims,
    settle,
)
from agents.freshness import find_contradictions, find_stale
from agents.language import find_terms
from agents.model import Answer, Citation, Nothing, Outcome, StepStarted, is_enclosed
from agents.nodes.deps import AgentDeps, measure, quote, read_evidence, tell
from agents.nodes.writing import admits_unknown
from agents.ports import SentenceScorer
from agents.state import ANSWER, HISTORY, JUDGEMENT, AgentState, AgentUpdate
from retrieval.model import Passage
from retrieval.sentences import split_sentences

COMPARED = 4
"""Sentences that a claim is compared with in meaning, which takes far longer than by words: those
that share most words with it."""

Evidence = Sequence[Passage]


async def check(state: AgentState, runtime: Runtime[AgentDeps]) -> AgentUpdate:
    """Check every sentence of the draft against what it cites, and build the answer."""
    deps = runtime.context
    started = deps.clock()
    tell(runtime, StepStarted("checking"))
    evidence = read_evidence(state, deps)
    trace = list(state["trace"])
    notices = list(state["notices"])
    writer = state["writer"]
    checked = await _check_draft(state["draft"], evidence, deps)
    if not checked.used and writer != deps.fallback.name and not admits_unknown(state["draft"]):
        trace.append("check: nothing of the draft held, quoting instead")
        history = HISTORY.read(state) or ()
        writer = deps.fallback.name
        checked = await _check_draft(await quote(deps, history, evidence), evidence, deps)
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


async def _check_draft(draft: str, evidence: Evidence, deps: AgentDeps) -> CheckedText:
    if admits_unknown(draft):
        return CheckedText("", (), (), ())
    titles = {passage.url: passage.title for passage in evidence}
    text = clean_draft(draft, len(evidence), titles)
    claims = find_claims(text)
    borne = await _find_support(claims, evidence, deps.sentences)
    return settle(text, attach_marks(claims, borne))


async def _find_support(
    claims: Sequence[Claim], evidence: Evidence, scorer: SentenceScorer
) -> Mapping[tuple[int, int], bool]:
    """Which passage (from 1) bears which claim: by words, and where they do not tell, by meaning.

    A claim whose own marks hold is not compared with other passages.
    """
    borne: dict[tuple[int, int], bool] = {}
    for index, claim in enumerate(claims):
        if not claim.stated:
            continue
        own = [mark for mark in claim.marks if 1 <= mark <= len(evidence)]
        for mark in own:
            borne[index, mark] = await _bears(claim, mark, evidence, scorer)
        if not any(borne[index, mark] for mark in own):
            others = [mark for mark in range(1, len(evidence) + 1) if mark not in own]
            for mark in await _find_bearers(claim, evidence, others, scorer):
                borne[index, mark] = True
    return borne


async def _find_bearers(
    claim: Claim, evidence: Evidence, marks: Sequence[int], scorer: SentenceScorer
) -> list[int]:
    """Those of the passages that bear the claim in words, or else the one nearest in meaning."""
    verdicts = {mark: bears_in_words(claim.text, _readable(evidence[mark - 1])) for mark in marks}
    in_words = [mark for mark, verdict in verdicts.items() if verdict]
    if in_words or claim.code:
        return in_words
    open_ones = [mark for mark, verdict in verdicts.items() if verdict is None]
    bearer = await _find_in_meaning(claim.text, open_ones, evidence, scorer)
    return [] if bearer is None else [bearer]


async def _bears(claim: Claim, mark: int, evidence: Evidence, scorer: SentenceScorer) -> bool:
    """Whether the passage bears the claim, by words, and where they do not tell, by meaning."""
    verdict = bears_in_words(claim.text, _readable(evidence[mark - 1]))
    if verdict is None and not claim.code:
        return await _find_in_meaning(claim.text, [mark], evidence, scorer) is not None
    return bool(verdict)


def _readable(passage: Passage) -> str:
    """What a claim may rest on: a passage with its title and headings."""
    return "\n".join((passage.title, *passage.heading_path, passage.text))


async def _find_in_meaning(
    claim: str, marks: Sequence[int], evidence: Evidence, scorer: SentenceScorer
) -> int | None:
    """The passage with the sentence nearest to the claim in meaning, where that is near enough."""
    terms = set(find_terms(claim))
    sentences = [
        (mark, evidence[mark - 1].text[span.start : span.end])
        for mark in marks
        for span in split_sentences(evidence[mark - 1].text)
    ]
    if not sentences:
        return None
    sentences.sort(key=lambda pair: len(terms.intersection(find_terms(pair[1]))), reverse=True)
    del sentences[COMPARED:]
    similarities = await scorer.similarity(claim, [text for _, text in sentences])
    best = max(range(len(sentences)), key=similarities.__getitem__)
    return sentences[best][0] if similarities[best] >= SIMILARITY_BEARS else None


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
