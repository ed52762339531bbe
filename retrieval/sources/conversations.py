"""What people wrote in a channel, as documents: threads, and runs of messages without one."""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from retrieval.sources.markdown import escape_text, flatten_markdown, join_parts

PAUSE = timedelta(minutes=30)
"""After so long a silence, messages outside threads begin a new conversation."""

LONGEST = timedelta(hours=4)
"""Messages outside threads go on for so long at most, for a link leads to the first of them."""

FRESH = timedelta(days=1)
"""So long after its last message a thread is read anew, for listings do not show every edit."""

_LONGEST_TITLE = 80
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\([^)\s]*\)")
_MARKS = re.compile(r"\*+|`+|\\(?=[^\w\s])")


@dataclass(frozen=True, slots=True)
class Message:
    """What someone wrote. `id` sorts by time, `text` is Markdown; `edited` tells versions apart."""

    id: str
    author: str
    moment: datetime
    text: str
    edited: str = ""


def split_conversations(messages: Iterable[Message]) -> Iterator[list[Message]]:
    """Messages in the order of time as conversations, each with one message or more.

    Where a conversation begins depends on what came before it alone, so that new messages change
    the last conversation only.
    """
    current: list[Message] = []
    for message in messages:
        if current:
            paused = message.moment - current[-1].moment > PAUSE
            if paused or message.moment - current[0].moment > LONGEST:
                yield current
                current = []
        current.append(message)
    if current:
        yield current


def find_version(messages: Sequence[Message]) -> str:
    """A fingerprint that tells whether messages were added, edited or deleted."""
    text = "\n".join(f"{message.id} {message.edited}" for message in messages)
    return f"{len(messages)}-{zlib.crc32(text.encode()):08x}"


def write_conversation(place: str, messages: Sequence[Message], *, title: str = "") -> bytes:
    """A conversation as Markdown; without `title` it is named after its first words.

    There are no headings: a chat knows no links into a message.
    """
    shown = title or next(filter(None, (_first_words(message.text) for message in messages)), "")
    front = f"---\ntitle: '{_plain(f'{shown} ({place})' if shown else place)}'\n---"
    moment = f", {messages[0].moment:%Y-%m-%d}" if messages else ""
    parts = [front, escape_text(f"In {place}{moment}:")]
    parts += [
        f"**{escape_text(message.author)}**: {flatten_markdown(message.text)}"
        for message in messages
        if message.text.strip()
    ]
    return join_parts(*parts)


def _first_words(text: str) -> str:
    """The beginning of a message as a title, without Markdown's marks."""
    line = next((line for line in text.split("\n") if any(map(str.isalnum, line))), "")
    words = " ".join(_MARKS.sub("", _LINK.sub(r"\1", line)).strip("#>- ").split())
    if len(words) <= _LONGEST_TITLE:
        return words
    return words[:_LONGEST_TITLE].rsplit(" ", 1)[0] + " …"


def _plain(text: str) -> str:
    """Text for one line of front matter."""
    return " ".join(text.split())
