"""The dates that a text names, in English, German, French and Spanish. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Date:
    """What a text says of a date: 'June 2026' has no day, '5 June' no year, '9:30' only a time.

    `weekday` counts from Monday as 1.
    """

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    time: tuple[int, int] | None = None

    @property
    def parts(self) -> tuple[bool, ...]:
        """Which of its parts are said: only dates that say the same parts can be compared."""
        held = (self.year, self.month, self.day, self.weekday, self.time)
        return tuple(one is not None for one in held)


def number_names(*rows: str) -> dict[str, int]:
    """Each row names the numbers from 1 on in one language; '|' stands between synonyms."""
    return {
        name: number
        for row in rows
        for number, names in enumerate(row.split(), start=1)
        for name in names.split("|")
    }


MONTHS = number_names(
    "january|jan february|feb march|mar april|apr may june|jun july|jul august|aug"
    " september|sept|sep october|oct november|nov december|dec",
    "januar|jänner februar märz april mai juni juli august september oktober november dezember",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
)
WEEKDAYS = number_names(
    "monday tuesday wednesday thursday friday saturday sunday",
    "montag dienstag mittwoch donnerstag freitag samstag|sonnabend sonntag",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles jueves viernes sábado domingo",
)


def any_of(names: Iterable[str]) -> str:
    """One group that matches any of the names, the longest first."""
    return "(" + "|".join(sorted(names, key=len, reverse=True)) + ")"


YEAR = r"((?:19|20)\d\d)"
_MONTH = any_of(MONTHS)
_DATE = re.compile(
    rf"\b{YEAR}-(\d\d)-(\d\d)\b"
    rf"|\b(\d{{1,2}})\.(\d{{1,2}})\.{YEAR}\b"
    rf"|\b(\d{{1,2}})(?:\.|st|nd|rd|th|er)?(?: of| de)? {_MONTH}\b(?:,? (?:de |del )?{YEAR})?"
    rf"|\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? {YEAR})?"
    rf"|\b{_MONTH},? (?:de |del )?{YEAR}\b"
    rf"|\b{any_of(WEEKDAYS)}s?\b"
    r"|\b([01]?\d|2[0-3])[:h]([0-5]\d)\b"
    rf"|(?<![\w.,-]){YEAR}(?![\w%-])(?!\s?(?:[kmgt]b|%|euros?|dollars?)\b)",
    re.IGNORECASE,
)


def find_dates(text: str) -> list[Date]:
    """The dates of a text in order; a bare number from 1900 to 2099 is taken for a year."""
    return [_read(match) for match in _DATE.finditer(text)]


def without_dates(text: str) -> str:
    """The text with its dates left out."""
    return _DATE.sub(" ", text)


_CALENDAR = ((0, 1, 2), (5, 4, 3), (8, 7, 6), (11, 9, 10), (13, 12, None))
"""Where each way of writing a date has its year, month and day among the groups of _DATE."""


def _read(match: re.Match[str]) -> Date:
    group = match.groups()
    for year, month, day in _CALENDAR:
        if group[month]:
            name = group[month].lower()
            number = MONTHS[name] if name in MONTHS else int(name)
            return Date(_number(group[year]), number, _number(group[day]) if day else None)
    weekday, hour, minute, year_alone = group[14:18]
    if weekday:
        return Date(weekday=WEEKDAYS[weekday.lower()])
    return Date(time=(int(hour), int(minute))) if hour else Date(int(year_alone))


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None
