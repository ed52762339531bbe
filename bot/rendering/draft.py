"""What is seen of an answer while it is made: its steps, and the text as far as it was written.

Such a text is unchecked: it shows no citations, no links and no addresses. Pure.
"""

import re

from bot.rendering.compose import compose_words
from bot.rendering.markdown import ADDRESS, read_markdown
from bot.rendering.phrases import answers, making
from bot.rendering.reply import Block, Draft, Emphasis, Paragraph, Reply, Text

_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_TOKEN = re.compile(
    r"(?P<escape>\\[^\w\s])"
    r"|(?P<code>`[^`\n]+`)"
    r"|!?\[(?P<words>[^\[\]\n]*)\]\([^()\n]*\)"
    r"|(?P<mark>(?:[ \t]|(?<!\w))\[\d{1,3}(?:\s*[,;]\s*\d{1,3})*\](?!\())"
    r"|(?P<closed>\[[^\[\]\n]*\](?!\())"
    rf"|(?P<address>{ADDRESS.pattern})"
    r"|(?P<sign>!?\[|[\]<&`])",
    re.IGNORECASE,
)
_NOTHING = "\u200b"
"""A zero-width space: after a sign it keeps the sign from being read as markup."""
_SIGNS = re.compile(r"[<&]|\](?=[(:\[])")
_BRACKETS = re.compile(r"[\[\]\\]")


def compose_draft(draft: Draft, *, private: bool = False) -> Reply:
    """The draft as a reply that a later one takes the place of."""
    language = draft.language
    blocks = read_markdown(draft.text, {}, answers.LINK_REMOVED.say(language))
    footer = making.STILL_WRITING.say(language) if blocks else ""
    return Reply(
        blocks or _list_steps(draft.steps), footer=footer, private=private, buttons=(draft.stop,)
    )


def compose_stopped(text: str, *, private: bool = False, language: str = "en") -> Reply:
    """What stays of an answer that was stopped."""
    blocks = read_markdown(text, {}, answers.LINK_REMOVED.say(language))
    if blocks:
        return Reply(blocks, notices=(making.STOPPED.say(language),), private=private)
    return compose_words(making.STOPPED_EARLY.say(language), private=private)


def settle_markdown(text: str, removed: str = "") -> str:
    """As much of a growing Markdown text as is sure not to change, made safe to show.

    Ends before the last word, and before whatever may still become a link or code. Links are their
    words, citations are left out, `removed` stands for addresses, and nothing can be a mention or a
    tag. What is settled of a text is the beginning of what is settled of any longer one.
    """
    *lines, last = text.split("\n")
    settled: list[str] = []
    fenced = False
    for line in lines:
        is_fence = _FENCE.match(line) is not None
        verbatim = fenced or is_fence
        settled.append(_defuse(line, removed) if verbatim else _clean(line, len(line), removed))
        fenced ^= is_fence
    end = max(last.rfind(" "), last.rfind("\t"), 0)
    if fenced:
        settled.append(_defuse(last[:end].rstrip(), removed))
    else:
        settled.append(_clean(last, end, removed, open_end=True))
    return "\n".join(settled) if settled[-1] else "\n".join(settled[:-1])


def _clean(line: str, end: int, removed: str, *, open_end: bool = False) -> str:
    """The line up to `end`; with an open end, up to the first sign that may yet mean more."""
    parts: list[str] = []
    position = 0
    for found in _TOKEN.finditer(line):
        if found.start() >= end:
            break
        sign = found["sign"]
        if found.end() > end or (open_end and sign is not None and sign[-1] in "[`"):
            end = found.start()
            break
        parts.append(line[position : found.start()])
        parts.append(_rewrite(found, removed))
        position = found.end()
    parts.append(line[position:end])
    return "".join(parts).rstrip()


def _rewrite(found: re.Match[str], removed: str) -> str:
    match found.lastgroup:
        case "escape":
            return found[0]
        case "code":
            return _defuse(found[0], removed)
        case "words":
            return _escape(found["words"], removed)
        case "mark":
            return ""
        case "address":
            return removed
        case _:
            return _escape(found[0], removed)


def _escape(text: str, removed: str) -> str:
    """Running text without live brackets, tags and addresses."""
    return _BRACKETS.sub(r"\\\g<0>", _defuse(text, removed))


def _defuse(text: str, removed: str) -> str:
    """Code that would be no link and no tag if it were read as running text."""
    return _SIGNS.sub(rf"\g<0>{_NOTHING}", ADDRESS.sub(removed, text))


def _list_steps(steps: tuple[str, ...]) -> tuple[Block, ...]:
    *done, current = steps or ("…",)
    return (
        *(Paragraph((Text(f"✓ {step}"),)) for step in done),
        Paragraph((Emphasis((Text(f"{current}…"),)),)),
    )
