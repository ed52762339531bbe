"""From what happened to a reply: answers, and plain words. Pure."""

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from agents.model import Answer, Citation, Outcome
from bot.rendering.markdown import read_markdown
from bot.rendering.phrases import Phrase, answers, refusals
from bot.rendering.reply import (
    Block,
    Bullets,
    Emphasis,
    Heading,
    Inline,
    Mark,
    Paragraph,
    Quote,
    Reply,
    SourceLine,
    Strike,
    Strong,
    Table,
    Text,
)

SHOWN_SEARCHES = 4
"""What was looked for in vain, at most."""
_AGES = ((365, answers.YEARS_OLD), (30, answers.MONTHS_OLD), (7, answers.WEEKS_OLD))


def compose_answer(
    answer: Answer, *, private: bool = False, language: str = "en", late: bool = False
) -> Reply:
    """The reply for an answer: its text, the sources that it cites, warnings and small print.

    `late`: the question was asked long before it came in.
    """
    urls = {citation.n: citation.url for citation in answer.citations}
    blocks = read_markdown(answer.text, urls, answers.LINK_REMOVED.say(language))
    cited = {mark.n for mark in find_marks(blocks)}
    return Reply(
        blocks=blocks,
        sources=tuple(
            compose_source(citation, language)
            for citation in answer.citations
            if citation.n in cited
        ),
        notices=(*((answers.LATE.say(language),) if late else ()), *answer.notices),
        footer=_compose_footer(answer, language),
        private=private,
    )


def compose_words(words: str, *, footer: str = "", private: bool = False) -> Reply:
    """A reply of plain words, one paragraph a line."""
    lines = [line for line in words.splitlines() if line.strip()]
    return Reply(tuple(Paragraph((Text(line),)) for line in lines), (), (), footer, private)


def compose_failure(
    words: Phrase, reference: str, *, private: bool = False, language: str = "en"
) -> Reply:
    """The reply for a failure; the reference finds it in the log, and in `footnote trace`."""
    footer = answers.REFERENCE.say(language, reference=reference)
    return compose_words(words.say(language), footer=footer, private=private)


def compose_limit(wait: timedelta, language: str = "en") -> Reply:
    """That it is one question too many, and when there is room again; for the asker alone."""
    when = describe_wait(wait, language)
    return compose_words(refusals.TOO_MANY.say(language, when=when), private=True)


def compose_full_queue(waiting: int, wait: timedelta, language: str = "en") -> Reply:
    """That so many wait already, and when it may be worth asking again; for the asker alone."""
    when = describe_wait(wait, language)
    words = refusals.FULL.say(language, count=waiting, when=when)
    return compose_words(words, private=True)


def describe_wait(wait: timedelta, language: str = "en") -> str:
    """'in 30 seconds', 'in 5 minutes', 'in 3 hours': never too short."""
    seconds = max(2, math.ceil(wait.total_seconds()))
    for length, phrase in ((3_600, refusals.IN_HOURS), (60, refusals.IN_MINUTES)):
        if seconds > 2 * length:
            return phrase.say(language, count=math.ceil(seconds / length))
    return refusals.IN_SECONDS.say(language, count=seconds)


def describe_age(days: int | None, language: str = "en") -> str:
    """An age in words: 'today', '3 days old', '2 months old'; '' where it is unknown."""
    if days is None:
        return ""
    if days <= 0:
        return answers.FROM_TODAY.say(language)
    if days == 1:
        return answers.A_DAY_OLD.say(language)
    length, unit = next((one for one in _AGES if days >= 2 * one[0]), (1, answers.DAYS_OLD))
    return unit.say(language, count=days // length)


def find_marks(blocks: Sequence[Block]) -> Iterator[Mark]:
    """Every citation mark within the blocks, in reading order."""
    for block in blocks:
        match block:
            case Paragraph(children) | Heading(_, children):
                yield from _find_inline_marks(children)
            case Bullets(items):
                for item in items:
                    yield from find_marks(item)
            case Quote(inner):
                yield from find_marks(inner)
            case Table(header, rows):
                for row in (header, *rows):
                    for cell in row:
                        yield from _find_inline_marks(cell)
            case _:
                pass


def _find_inline_marks(inlines: Sequence[Inline]) -> Iterator[Mark]:
    for inline in inlines:
        match inline:
            case Mark():
                yield inline
            case Strong(children) | Emphasis(children) | Strike(children):
                yield from _find_inline_marks(children)
            case _:
                pass


def compose_source(citation: Citation, language: str = "en") -> SourceLine:
    """The line of a citation in the list of sources."""
    return SourceLine(
        n=citation.n,
        title=citation.title,
        section=citation.section,
        url=citation.url,
        age=describe_age(citation.age_days, language),
    )


def _compose_footer(answer: Answer, language: str) -> str:
    if answer.outcome is Outcome.ANSWERED and answer.quoted:
        return answers.QUOTED.say(language)
    if answer.outcome is Outcome.UNKNOWN and answer.searches:
        searches = " · ".join(answer.searches[:SHOWN_SEARCHES])
        return answers.LOOKED_FOR.say(language, searches=searches)
    return ""
