"""'I need a person': calls those who are set for the channel, and closes the call again."""

from collections.abc import Iterator, Sequence

from agents.model import Citation, Outcome
from bot.answers.cases import Case
from bot.answers.model import Call
from bot.answers.ports import Calls
from bot.answers.telling import tell
from bot.delivery import Delivery
from bot.model import Claim
from bot.ports import Channels
from bot.rendering.compose import compose_source
from bot.rendering.phrases import actions
from bot.rendering.reply import (
    Block,
    Button,
    Inline,
    Mention,
    Paragraph,
    Quote,
    Reply,
    SourceLine,
    Text,
)
from bot.verdict import Verdict

MOST_SOURCES = 3


class Callers:
    """Calls people to answers, once an answer."""

    def __init__(self, calls: Calls, channels: Channels, delivery: Delivery) -> None:
        self._calls = calls
        self._channels = channels
        self._delivery = delivery

    async def call(self, claim: Claim, case: Case) -> Verdict:
        """`answer person`: posts where it was pressed, for all there to see."""
        place, person = case.command.place, case.command.person
        whom = (await self._channels.read(case.tenant, place)).hand_off
        if not whom:
            return tell(claim, actions.NOBODY_SET.say(case.language))
        letter = f"{claim.item}:call"
        standing = await self._calls.put(case.tenant, Call(case.item, place, person, letter))
        if standing is None:
            return tell(claim, actions.FORGOTTEN.say(case.language))
        if standing != letter:
            return tell(claim, actions.CALLED_ALREADY.say(case.language))
        reply = compose_call(case, whom)
        return Verdict("called", {letter: reply}, audited=False, replaces=False)

    async def resolve(self, claim: Claim, case: Case) -> Verdict:
        """`answer resolved`: the message that calls says by whom."""
        person = case.command.person
        letter = await self._calls.resolve(case.tenant, case.item, person.id)
        if letter is None:
            return tell(claim, actions.NO_SUCH_ANSWER.say(case.language))
        name = person.name or actions.SOMEBODY.say(case.language)
        words = actions.RESOLVED_BY.say(case.language, name=name)
        await self._delivery.revise(case.tenant, letter, compose_resolved(case, words))
        return tell(claim, words)


def compose_call(case: Case, whom: Sequence[str]) -> Reply:
    """The message that calls people, with the question and what was found.

    What a private answer was drawn from may be more than those who are called may read, so of such
    an answer only the question is told.
    """
    name = case.command.person.name or actions.SOMEBODY.say(case.language)
    calls = [inline for one in whom for inline in (_mention(one), Text(" "))]
    opening = (*calls[:-1], Text(actions.CALLS.say(case.language, name=name)))
    button = Button(actions.RESOLVED.say(case.language), f"answer resolved {case.item}", "primary")
    return Reply(
        (Paragraph(opening), *_describe(case)), tuple(_list_sources(case)), buttons=(button,)
    )


def compose_resolved(case: Case, words: str) -> Reply:
    """The message that called, once it is resolved: nobody is called any more."""
    return Reply((_quote_question(case), Paragraph((Text(f"✅ {words}"),))))


def _describe(case: Case) -> Iterator[Block]:
    yield _quote_question(case)
    record = case.record
    if record is None or case.is_private:
        return
    found = record.outcome == Outcome.ANSWERED and record.citations
    words = actions.FOUND if found else actions.FOUND_NOTHING
    yield Paragraph((Text(words.say(case.language)),))


def _list_sources(case: Case) -> Iterator[SourceLine]:
    cited: Sequence[Citation] = ()
    if case.record is not None and not case.is_private:
        cited = case.record.citations
    return (compose_source(citation, case.language) for citation in cited[:MOST_SOURCES])


def _quote_question(case: Case) -> Quote:
    return Quote((Paragraph((Text(case.question.text),)),))


def _mention(whom: str) -> Inline:
    kind, _, id_ = whom.partition(":")
    return Mention("group" if kind == "group" else "person", id_)
