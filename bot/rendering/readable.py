"""Sources as somebody who reads them is told of them. Pure."""

from datetime import datetime

from bot.rendering.phrases import home
from bot.rendering.reply import Inline, Strong, Text
from retrieval.model import MOST_COUNTED, ReadableSource

_LENGTHS = ((86_400, home.READ_DAYS), (3_600, home.READ_HOURS), (60, home.READ_MINUTES))


def describe_readable(
    source: ReadableSource, now: datetime, language: str = "en"
) -> tuple[Inline, ...]:
    """'handbook: 12 documents · read 3 hours ago · paused'."""
    parts = [
        count_readable(source.documents, language),
        describe_reading(source.read_at, now, language),
    ]
    if source.failing:
        parts.append(home.FAILING.say(language))
    if source.paused:
        parts.append(home.PAUSED.say(language))
    return Strong((Text(source.name),)), Text(f": {' · '.join(parts)}")


def count_readable(number: int, language: str = "en") -> str:
    """'1 document', '12 documents', 'more than 9,999 documents'."""
    if number >= MOST_COUNTED:
        return home.MANY_DOCUMENTS.say(language, count=MOST_COUNTED - 1)
    if number == 1:
        return home.ONE_DOCUMENT.say(language)
    return home.DOCUMENTS.say(language, count=number)


def describe_reading(read_at: datetime | None, now: datetime, language: str = "en") -> str:
    """'read just now', 'read 90 minutes ago', 'read 3 days ago', 'not read yet'."""
    if read_at is None:
        return home.NOT_READ.say(language)
    seconds = (now - read_at).total_seconds()
    for length, phrase in _LENGTHS:
        if seconds >= 2 * length:
            return phrase.say(language, count=int(seconds // length))
    return home.READ_NOW.say(language)
