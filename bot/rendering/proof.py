"""Replies that show what an answer rests on: its sources, and the very passages. Pure."""

import re
from collections.abc import Iterator, Sequence

from agents.model import Citation
from bot.rendering.compose import compose_source, describe_age
from bot.rendering.phrases import actions
from bot.rendering.reply import (
    Block,
    Button,
    Inline,
    Mark,
    Paragraph,
    Quote,
    Reply,
    Strong,
    Text,
)

MOST_CHOICES = 25
"""Of a menu, as Discord bounds it."""
SHOWN_CHARACTERS = 1_500
"""Of a passage; what is longer is cut around the cited sentence."""

_PARAGRAPHS = re.compile(r"\n\s*\n")


def compose_sources(
    citations: Sequence[Citation], item: str, *, complete: bool, language: str = "en"
) -> Reply:
    """All sources of the answer `item`, for one person, who may choose one to see its passage."""
    return Reply(
        (_say(actions.SOURCES_INTRO.say(language)),),
        tuple(compose_source(citation, language) for citation in citations),
        footer="" if complete else actions.INCOMPLETE.say(language),
        private=True,
        menu=_offer_passages(citations, item),
        menu_label=actions.CHOOSE_SOURCE.say(language),
    )


def compose_proof(citations: Sequence[Citation], *, complete: bool, language: str = "en") -> Reply:
    """The passages of an answer, the cited sentence marked in each, for one person."""
    return Reply(
        tuple(block for citation in citations for block in _show(citation, language)),
        footer="" if complete else actions.INCOMPLETE.say(language),
        private=True,
    )


def _offer_passages(citations: Sequence[Citation], item: str) -> tuple[Button, ...]:
    return tuple(
        Button(f"[{citation.n}] {_name_place(citation)}", f"answer passage {item} {citation.n}")
        for citation in citations[:MOST_CHOICES]
    )


def _name_place(citation: Citation) -> str:
    return " › ".join(part for part in (citation.title, citation.section) if part)


def _show(citation: Citation, language: str) -> Iterator[Block]:
    place = _name_place(citation)
    age = describe_age(citation.age_days, language)
    title: list[Inline] = [Mark(citation.n, citation.url), Text(" "), Strong((Text(place),))]
    yield Paragraph((*title, Text(f" · {age}")) if age else tuple(title))
    yield Quote(tuple(_quote(*split_passage(citation.passage, citation.quote))))


def split_passage(passage: str, quote: str) -> tuple[str, str, str]:
    """What stands before the quote, the quote, and what follows, cut to SHOWN_CHARACTERS in all.

    Where the passage does not hold the quote, all of it stands before.
    """
    words = r"\s+".join(map(re.escape, quote.split()))
    found = re.search(words, passage) if words else None
    start, end = found.span() if found else (len(passage), len(passage))
    quoted = passage[start:end]
    room = max(SHOWN_CHARACTERS - len(quoted), 0)
    before, after = passage[:start], passage[end:]
    if found is None:
        return _cut_end(before, room), "", ""
    ahead = min(len(before), max(room // 2, room - len(after)))
    return _cut_start(before, ahead), " ".join(quoted.split()), _cut_end(after, room - ahead)


def _quote(before: str, quoted: str, after: str) -> Iterator[Paragraph]:
    """The paragraphs of a passage, the quote in bold within its own."""
    *earlier, lead = _PARAGRAPHS.split(before)
    tail, *later = _PARAGRAPHS.split(after)
    middle = (Text(lead.lstrip()), *((Strong((Text(quoted),)),) if quoted else ()))
    yield from _paragraphs(earlier)
    if quoted or lead.strip() or tail.strip():
        yield Paragraph((*middle, Text(tail.rstrip())))
    yield from _paragraphs(later)


def _paragraphs(texts: Sequence[str]) -> Iterator[Paragraph]:
    return (_say(text.strip()) for text in texts if text.strip())


def _cut_start(text: str, most: int) -> str:
    return text if len(text) <= most else "… " + text[len(text) - most :].lstrip()


def _cut_end(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most].rstrip() + " …"


def _say(words: str) -> Paragraph:
    return Paragraph((Text(words),))
