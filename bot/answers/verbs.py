"""People's verbs: `answer VERB REFERENCE`, which the buttons below an answer give, and `proof`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from bot.answers.calls import Callers
from bot.answers.cases import Case, Cases
from bot.answers.ports import Votes
from bot.answers.rating import Rating
from bot.answers.repeats import Repeats
from bot.answers.stopping import Stopping
from bot.answers.telling import show, tell
from bot.answers.withdrawals import Beginnings, Withdrawals
from bot.model import Claim, ItemId
from bot.ports import Inbox
from bot.rendering.phrases import actions
from bot.rendering.proof import compose_proof, compose_sources
from bot.verdict import Verb, Verdict

COMMANDS = ("proof", "new")
"""People's commands that are typed; `answer` is what buttons give."""

AnswerVerb = Callable[[Claim, Case], Awaitable[Verdict]]
"""Carries out what was pressed below an answer, by somebody who saw the answer."""


class AnswerVerbs:
    """Opens the answer that is meant and hands it to the verb.

    What shows an answer's proof is there always; `more` are the other verbs.
    """

    def __init__(self, cases: Cases, inbox: Inbox, more: Mapping[str, AnswerVerb]) -> None:
        self._cases = cases
        self._inbox = inbox
        self._proof = Proof(cases)
        self._verbs = {
            "sources": self._proof.show_sources,
            "proof": self._proof.show_passages,
            **more,
        }
        self._stopping = Stopping(cases, inbox)

    async def perform(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`answer`, a verb and a reference; None where there is no such verb."""
        match words:
            case ("stop", item):
                return await self._stopping.stop(claim, ItemId(item))
            case ("passage", item, number) if number.isdecimal():
                show_passage = partial(self._proof.show_passage, number=int(number))
                return await self._take_up(claim, ItemId(item), show_passage)
            case (verb, item) if verb in self._verbs:
                return await self._take_up(claim, ItemId(item), self._verbs[verb])
            case _:
                return None

    async def prove(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`/proof`: of the latest answer that this person got here, or of the one referred to."""
        match words, claim.command:
            case ((item,), _):
                return await self._take_up(claim, ItemId(item), self._proof.show_passages)
            case ((), command) if command is not None:
                place, person = command.place, command.person
                latest = await self._inbox.find_latest(claim.tenant, place, person)
                if latest is None:
                    language = await self._cases.choose_language(claim.tenant, command, "")
                    return tell(claim, actions.NO_ANSWER_YET.say(language))
                return await self._take_up(claim, latest, self._proof.show_passages)
            case _:
                return None

    async def _take_up(self, claim: Claim, item: ItemId, verb: AnswerVerb) -> Verdict | None:
        if claim.command is None:
            return None
        case = await self._cases.open(claim.tenant, claim.command, item)
        if case is None:
            language = await self._cases.choose_language(claim.tenant, claim.command, "")
            return tell(claim, actions.NO_SUCH_ANSWER.say(language))
        return await verb(claim, case)


class Proof:
    """Shows what an answer rests on, as far as this person may read it now."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    async def show_sources(self, claim: Claim, case: Case) -> Verdict:
        """`answer sources`: the whole list."""
        evidence = await self._cases.read_evidence(case)
        if not evidence.citations:
            return tell(claim, actions.NOTHING_TO_SHOW.say(case.language))
        reply = compose_sources(
            evidence.citations, case.item, complete=evidence.complete, language=case.language
        )
        return show(claim, reply)

    async def show_passage(self, claim: Claim, case: Case, number: int) -> Verdict:
        """`answer passage`: that of one source, which was chosen among all."""
        evidence = await self._cases.read_evidence(case)
        chosen = [citation for citation in evidence.citations if citation.n == number]
        if not chosen:
            return tell(claim, actions.NOTHING_TO_SHOW.say(case.language))
        return show(claim, compose_proof(chosen, complete=True, language=case.language))

    async def show_passages(self, claim: Claim, case: Case) -> Verdict:
        """`answer proof`: the very passages."""
        evidence = await self._cases.read_evidence(case)
        if not evidence.citations:
            return tell(claim, actions.NOTHING_TO_SHOW.say(case.language))
        return show(
            claim,
            compose_proof(evidence.citations, complete=evidence.complete, language=case.language),
        )


def build_people_verbs(
    *,
    cases: Cases,
    inbox: Inbox,
    votes: Votes,
    callers: Callers,
    withdrawals: Withdrawals,
    beginnings: Beginnings,
    more: Mapping[str, AnswerVerb] | None = None,
) -> Mapping[str, Verb]:
    """The commands that everyone may give, by name; `more` are further verbs on answers."""
    rating, repeats = Rating(votes), Repeats(inbox)
    answers = AnswerVerbs(
        cases,
        inbox,
        {
            "good": rating.approve,
            "bad": rating.disapprove,
            "again": repeats.ask_again,
            "share": repeats.share,
            "person": callers.call,
            "resolved": callers.resolve,
            "withdraw": withdrawals.withdraw,
            **(more or {}),
        },
    )
    return {"answer": answers.perform, "proof": answers.prove, "new": beginnings.begin_anew}
