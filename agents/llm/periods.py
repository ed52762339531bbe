"""Finds the time that a question asks of documents: 'what changed since June', 'last week's notes'.

Only where a question is about what was written or changed: 'What happened in 1940?' asks for a date
in the text, and is left alone. Reads English, German, French and Spanish.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.dates import MONTHS, WEEKDAYS, YEAR, any_of, number_names
from agents.language import find_terms
from retrieval.model import Period

_EARLIEST_YEAR = 1990
"""No document that is synced carries an older date; an older year belongs to the content."""

Moment = tuple[datetime, datetime]
"""A stretch of time, half open: a day, a week, a year."""


@dataclass(frozen=True, slots=True)
class DatedQuestion:
    """A question's period, and its words without it."""

    period: Period
    text: str


_COUNTS = number_names(
    "one two three four five six seven eight nine ten",
    "einer|einem zwei drei vier fünf sechs sieben acht neun zehn",
    "un|une deux trois quatre cinq six sept huit neuf dix",
    "uno|una dos tres cuatro cinco seis siete ocho nueve diez",
)
_UNITS = {
    name: unit
    for unit, names in {
        "day": "day days tag tage tagen jour jours día días",
        "week": "week weeks woche wochen semaine semaines semana semanas",
        "month": "month months monat monate monaten monats mois mes meses",
        "quarter": "quarter quarters quartal quartale quartals trimestre trimestres",
        "year": "year years jahr jahre jahren jahres année années an ans año años",
    }.items()
    for name in names.split()
}
_MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
_DAYS_BACK = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}


_MONTH, _WEEKDAY, _UNIT = any_of(MONTHS), any_of(WEEKDAYS), any_of(_UNITS)
_COUNT = rf"(\d{{1,3}}|{any_of(_COUNTS)[1:]}"
_LAST = r"(?:last|past|previous|letzte[rsnm]?|vergangene[rsnm]?|vorige[rsnm]?|últim[oa]s?)"
_LAST_BEHIND = r"(?:derni[eè]re?s?|passée?s?|pasad[oa]s?)"
_THIS = r"(?:this|diese[rsnm]?|cette|ce|est[ea])"
_THE = r"(?:the |den |der |dem |die |das |les |la |le |l'|los |las |el )?"


def _read_count(word: str) -> int:
    return int(word) if word.isdigit() else _COUNTS[word]


def _day(now: datetime, back: int = 0) -> Moment:
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)
    return start, start + timedelta(days=1)


def _date(now: datetime, year: int, month: int, day: int) -> Moment | None:
    try:
        start = _day(now)[0].replace(year=year, month=month, day=day)
    except ValueError:
        return None
    return start, start + timedelta(days=1)


def _months(now: datetime, year: int, month: int, count: int) -> Moment:
    """`count` months from a month on, which may lie outside 1..12."""
    first, last = (year * 12 + month - 1 + more for more in (0, count))
    midnight = _day(now)[0]
    return (
        midnight.replace(year=first // 12, month=first % 12 + 1, day=1),
        midnight.replace(year=last // 12, month=last % 12 + 1, day=1),
    )


def _calendar(now: datetime, unit: str, back: int) -> Moment:
    """The day, week, month, quarter or year that lies `back` of them before the present one."""
    if unit == "day":
        return _day(now, back)
    if unit == "week":
        start = _day(now, now.weekday() + 7 * back)[0]
        return start, start + timedelta(days=7)
    length = _MONTHS_IN[unit]
    first = (now.month - 1) // length * length + 1
    return _months(now, now.year, first - length * back, length)


def _rolling(now: datetime, count: str, unit: str) -> Moment:
    days = _DAYS_BACK[_UNITS[unit]] * _read_count(count)
    return _day(now, min(days, 36_500))[0], now


def _named_month(now: datetime, month: str, year: str | None) -> Moment:
    """The month of that year, or the latest that has begun."""
    number = MONTHS[month]
    chosen = int(year) if year else now.year - (number > now.month)
    return _months(now, chosen, number, 1)


def _named_day(now: datetime, day: str, month: str, year: str | None) -> Moment | None:
    number = MONTHS[month]
    if year:
        return _date(now, int(year), number, int(day))
    found = _date(now, now.year, number, int(day))
    return found if found is None or found[0] <= now else _date(now, now.year - 1, number, int(day))


def _quarter(now: datetime, number: str, year: str | None) -> Moment:
    first = int(number) * 3 - 2
    chosen = int(year) if year else now.year - (first > now.month)
    return _months(now, chosen, first, 3)


def _weekday(now: datetime, name: str, *, before_today: bool) -> Moment:
    back = (now.isoweekday() - WEEKDAYS[name]) % 7
    return _day(now, 7 if before_today and back == 0 else back)


Reader = Callable[[datetime, re.Match[str]], Moment | None]


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"{pattern}(?![\w-])", re.IGNORECASE)


_PLAIN: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (_compile(pattern), reader)
    for pattern, reader in (
        (r"(?:today|heute|aujourd'hui|hoy)", lambda now, _: _day(now)),
        (r"(?:yesterday|gestern|hier|ayer)", lambda now, _: _day(now, 1)),
        (
            rf"{_COUNT} {_UNIT} ago|(?:vor|il y a|hace) {_COUNT} {_UNIT}",
            lambda now, m: _day(
                now,
                _DAYS_BACK[_UNITS[(m[2] or m[4]).lower()]] * _read_count((m[1] or m[3]).lower()),
            ),
        ),
        (
            (
                rf"{_THE}{_LAST} {_COUNT} {_UNIT}"
                rf"|{_THE}{_COUNT} (?:{_LAST_BEHIND} {_UNIT}|{_UNIT} {_LAST_BEHIND})"
            ),
            lambda now, m: _rolling(now, (m[1] or m[3]).lower(), (m[2] or m[4] or m[5]).lower()),
        ),
        (
            rf"{_THE}{_LAST} {_UNIT}|{_THE}{_UNIT} {_LAST_BEHIND}",
            lambda now, m: _calendar(now, _UNITS[(m[1] or m[2]).lower()], 1),
        ),
        (rf"{_THIS} {_UNIT}", lambda now, m: _calendar(now, _UNITS[m[1].lower()], 0)),
        (
            rf"{_LAST} {_WEEKDAY}|{_THE}{_WEEKDAY} {_LAST_BEHIND}",
            lambda now, m: _weekday(now, (m[1] or m[2]).lower(), before_today=True),
        ),
        (
            rf"{YEAR}-(\d\d)-(\d\d)",
            lambda now, m: _date(now, int(m[1]), int(m[2]), int(m[3])),
        ),
        (
            rf"(\d{{1,2}})\.(\d{{1,2}})\.{YEAR}",
            lambda now, m: _date(now, int(m[3]), int(m[2]), int(m[1])),
        ),
    )
)
"""Ways of naming a moment that are one wherever they stand."""

_AFTER_A_WORD: tuple[tuple[re.Pattern[str], Reader], ...] = tuple(
    (_compile(pattern), reader)
    for pattern, reader in (
        (
            rf"(\d{{1,2}})(?:\.|er|st|nd|rd|th)?(?: of| de)? {_MONTH}(?:,? (?:de |del )?{YEAR})?",
            lambda now, m: _named_day(now, m[1], m[2].lower(), m[3]),
        ),
        (
            rf"{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?(?:,? {YEAR})?",
            lambda now, m: _named_day(now, m[2], m[1].lower(), m[3]),
        ),
        (
            rf"{_MONTH}(?:,? (?:of |de |del )?{YEAR})?",
            lambda now, m: _named_month(now, m[1].lower(), m[2]),
        ),
        (rf"Q([1-4])(?:[ /]{YEAR})?", lambda now, m: _quarter(now, m[1], m[2])),
        (_WEEKDAY, lambda now, m: _weekday(now, m[1].lower(), before_today=False)),
        (YEAR, lambda now, m: _months(now, int(m[1]), 1, 12)),
    )
)
"""Ways that need a word before them: 'in May', 'since Monday', 'from 2024'."""

_SPAN = _compile(rf"{_COUNT} {_UNIT}")
"""How long back, after 'since': 'seit zwei Wochen'."""

_BETWEEN = re.compile(
    rf"\b(?:between|from|zwischen|von|vom|entre|du|de|desde) {_THE}", re.IGNORECASE
)
_TO = re.compile(rf" (?:and|to|until|und|bis|bis zum|et|au|à|y|a|al|hasta) {_THE}", re.IGNORECASE)
_SINCE = re.compile(
    rf"\b(?:(?P<past>after|nach|après|después de|tras)|since|starting|seit|ab|depuis|à partir de"
    rf"|dès|desde(?: hace)?) {_THE}",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    rf"\b(?:(?P<with>until|till|up to|bis|bis zum|jusqu'à|jusqu'en|hasta)|before|prior to|vor"
    rf"|avant|antes de) {_THE}",
    re.IGNORECASE,
)
_DURING = re.compile(
    r"\b(?:in|on|from|during|of|within|over|im|am|vom|von|aus|in|en|de|du|del|durant|pendant"
    rf"|durante|au cours des?) {_THE}",
    re.IGNORECASE,
)

_OF_DOCUMENTS = re.compile(
    # what is new or changed
    r"\bwhat(?:'s| is| has| have| was| were| did)?\b.{0,40}\b(?:new|chang(?:ed|es?)|updated"
    r"|modified|edited|revised|added|published|written|posted|announced|decided)\b"
    r"|\b(?:anything|something|everything|all) (?:new|(?:that )?(?:was |has |is )?(?:changed"
    r"|updated|added|published))\b|\bwhich \w+ (?:were|was|have|has|are)?(?: been)? ?(?:changed"
    r"|updated|modified|edited|added|published|written)\b"
    # kinds of documents and what they tell of
    r"|\b(?:news|updates?|changes|changelog|announcements?|release notes?|newsletters?|posts?"
    r"|(?:meeting )?(?:notes|minutes)|protocols?|documents?|docs|pages|articles|reports?|entries"
    r"|decisions)\b(?= (?:about \w+ |on \w+ )?(?:from|since|of|in|on|after|before|between"
    r"|until|this|last|during)\b)"
    r"|\b(?:last|this) (?:week|month|quarter|year)'s (?:\w+ )?(?:news|updates?|changes|notes"
    r"|minutes|announcements?|posts?|report|newsletter)\b|\byesterday's (?:\w+ )?(?:news|notes"
    r"|minutes|announcements?|posts?|changes)\b"
    r"|\bwas (?:ist|gibt es|gibt's|hat sich|wurde)\b.{0,40}\b(?:neue[sn]?|neu|geändert"
    r"|aktualisiert|hinzugefügt|veröffentlicht|beschlossen)\b|\b(?:neuigkeiten|änderungen"
    r"|neuerungen|ankündigungen|protokolle?|notizen|dokumente|seiten|berichte?|beiträge)\b"
    r"|\b(?:quoi de neuf|qu'est-ce qui (?:a|est) (?:changé|nouveau|été)|nouveautés|actualités"
    r"|changements|modifications|annonces|comptes? rendus?|notes|documents|pages|articles)\b"
    r"|\bqué (?:hay de nuevo|ha cambiado|cambió|se ha \w+)|\b(?:novedades|noticias|cambios"
    r"|anuncios|actas?|notas|documentos|páginas|artículos)\b",
    re.IGNORECASE,
)


def find_period(question: str, now: datetime) -> DatedQuestion | None:
    """The time that a question asks of documents, seen from `now` (with a time zone); or None."""
    text = " ".join(question.replace("’", "'").split())
    if not _OF_DOCUMENTS.search(text):
        return None
    for read in (_read_between, _read_since, _read_until, _read_during):
        for start, end, period in read(text, now):
            edge = period.since or period.until
            if edge is not None and edge.year >= _EARLIEST_YEAR:
                return DatedQuestion(period, _without(text, start, end))
    return None


Found = Iterable[tuple[int, int, Period]]


def _read_between(text: str, now: datetime) -> Found:
    for opening in _BETWEEN.finditer(text):
        first = _read_moment(text, opening.end(), now)
        joint = _TO.match(text, first[1]) if first else None
        last = _read_moment(text, joint.end(), now) if joint else None
        if first and last:
            begin, end = first[0][0], last[0][1]
            if begin >= end:  # 'between March and May 2025': the year stands behind both
                begin = begin.replace(year=last[0][0].year, day=min(begin.day, 28))
            if begin < end:
                yield opening.start(), last[1], Period(begin, end)


def _read_since(text: str, now: datetime) -> Found:
    for opening in _SINCE.finditer(text):
        span = _SPAN.match(text, opening.end())
        found = _read_moment(text, opening.end(), now)
        if found:
            (first, behind), end = found
            yield opening.start(), end, Period(since=behind if opening["past"] else first)
        elif span:
            first, _ = _rolling(now, span[1].lower(), span[2].lower())
            yield opening.start(), span.end(), Period(since=first)


def _read_until(text: str, now: datetime) -> Found:
    for opening in _UNTIL.finditer(text):
        if found := _read_moment(text, opening.end(), now):
            (first, behind), end = found
            yield opening.start(), end, Period(until=behind if opening["with"] else first)


def _read_during(text: str, now: datetime) -> Found:
    for opening in _DURING.finditer(text):
        if found := _read_moment(text, opening.end(), now):
            yield opening.start(), found[1], Period(*found[0])
    for word in re.finditer(r"(?<![\w-])\w", text):
        if found := _read_moment(text, word.start(), now, _PLAIN):
            yield word.start(), found[1], Period(*found[0])


def _read_moment(
    text: str,
    at: int,
    now: datetime,
    ways: tuple[tuple[re.Pattern[str], Reader], ...] = (*_PLAIN, *_AFTER_A_WORD),
) -> tuple[Moment, int] | None:
    """The moment that stands at a place of the text, and where it ends."""
    for pattern, reader in ways:
        match = pattern.match(text, at)
        moment = reader(now, match) if match else None
        if match and moment:
            return moment, match.end()
    return None


def _without(text: str, start: int, end: int) -> str:
    """The words without those of the period, where others are left to search for."""
    behind = text[end:].removeprefix("'s")
    rest = re.sub(r"\s+(?=[?.!,;:])", "", " ".join((text[:start] + behind).split()))
    return rest if find_terms(rest) else text
