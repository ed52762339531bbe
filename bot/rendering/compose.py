"""From what happened to a reply: answers, and plain words. Pure."""

from collections.abc import Iterator, Sequence

from agents.model import Answer, Citation, Outcome
from bot.rendering.markdown import read_markdown
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

QUOTED = "Quoted from the sources"


def compose_answer(answer: Answer, *, private: bool = False) -> Reply:
    """The reply for an answer: its text, the sources that it cites, warnings and small print."""
    urls = {citation.n: citation.url for citation in answer.citations}
    blocks = read_markdown(answer.text, urls)
    cited = {mark.n for mark in find_marks(blocks)}
    return Reply(
        blocks=blocks,
        sources=tuple(
            _compose_source(citation) for citation in answer.citations if citation.n in cited
        ),
        notices=answer.notices,
        footer=_compose_footer(answer),
        private=private,
    )


def compose_words(words: str, *, footer: str = "", private: bool = False) -> Reply:
    """A reply of plain words, one paragraph a line."""
    lines = [line for line in words.splitlines() if line.strip()]
    return Reply(tuple(Paragraph((Text(line),)) for line in lines), (), (), footer, private)


def compose_failure(words: str, reference: str, *, private: bool = False) -> Reply:
    """The reply for a failure; the reference finds it in the log."""
    return compose_words(words, footer=f"Reference {reference}", private=private)


def describe_age(days: int | None) -> str:
    """An age in words: 'today', '3 days old', '2 months old'; '' where it is unknown."""
    if days is None:
        return ""
    if days <= 0:
        return "from today"
    for length, unit in ((365, "year"), (30, "month"), (7, "week")):
        if days >= 2 * length:
            return f"{days // length} {unit}s old"
    return "1 day old" if days == 1 else f"{days} days old"


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


def _compose_source(citation: Citation) -> SourceLine:
    return SourceLine(
        n=citation.n,
        title=citation.title,
        section=citation.section,
        url=citation.url,
        age=describe_age(citation.age_days),
    )


def _compose_footer(answer: Answer) -> str:
    if answer.outcome is Outcome.ANSWERED and answer.quoted:
        return QUOTED
    return ""
