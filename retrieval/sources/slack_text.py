"""Slack's text (mrkdwn) as Markdown.

https://docs.slack.dev/messaging/formatting-message-text
"""

import re
from collections.abc import Mapping

from retrieval.sources.markdown import escape_text

_FENCE = re.compile(r"```(.*?)```", re.DOTALL)
_LINK = re.compile(r"<([^<>|\n]*)(?:\|([^<>\n]*))?>")
_CODE = re.compile(r"(`[^`\n]+`)")
_BULLET = re.compile(r"^(\s*)[•◦▪] +", re.MULTILINE)


def write_text(text: str, names: Mapping[str, str]) -> str:
    """Slack's text as Markdown, people called by their `names`, by id."""
    parts = _FENCE.split(text)
    written = []
    for position, part in enumerate(parts):
        if position % 2:
            written.append(f"\n```\n{_unescape(part).strip(chr(10))}\n```\n")
        else:
            written.append("".join(_write_prose(piece, names) for piece in _CODE.split(part)))
    return "".join(written).strip()


def _write_prose(text: str, names: Mapping[str, str]) -> str:
    if _CODE.fullmatch(text):
        return _unescape(text)
    pieces, position = [], 0
    text = _BULLET.sub(r"\1- ", text)
    for link in _LINK.finditer(text):
        pieces += [_escape(text[position : link.start()]), _write_link(link[1], link[2], names)]
        position = link.end()
    return "".join([*pieces, _escape(text[position:])])


def _write_link(target: str, label: str | None, names: Mapping[str, str]) -> str:
    match target[:1]:
        case "@":
            return escape_text("@" + names.get(target[1:], label or target[1:]))
        case "#":
            return escape_text("#" + (label or target[1:]))
        case "!":
            return escape_text(label or "@" + target[1:].partition("^")[0])
        case _:
            address = _unescape(target)
            return f"[{escape_text(_unescape(label))}]({address})" if label else f"<{address}>"


def _escape(text: str) -> str:
    """Plain text with its line breaks, as Markdown; Slack's own * and _ stay, as marks."""
    escaped = re.sub(r"([\\\[\]<>#|])", r"\\\1", _unescape(text))
    return re.sub(r"\n(?=[^\n-])", "  \n", escaped)


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
