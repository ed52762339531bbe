"""Warnings about an answer's sources."""

import pytest

from agents.dates import Date, find_dates
from agents.freshness import find_contradictions, find_stale
from agents.model import Citation


def cite(number: int, quote: str, url: str = "", age_days: int | None = None) -> Citation:
    return Citation(
        number, "T", url or f"https://docs.test/{number}", "", quote, quote, "s", age_days
    )


def warn(*quotes: str) -> list[str]:
    return find_contradictions([cite(at, quote) for at, quote in enumerate(quotes, start=1)])


FIGURES = ["Sources [1] and [2] give different figures."]
DATES = ["Sources [1] and [2] give different dates."]


@pytest.mark.parametrize(
    ("one", "other", "warnings"),
    [
        ("Backups of data are kept for 30 days.", "Backups of data are kept for 90 days.", FIGURES),
        ("The fee for late payments is $25.", "The fee for late payments is $30.", FIGURES),
        ("The office closes on 24 December 2026.", "The office closes on 2026-12-23.", DATES),
        ("The office closed in June 2025.", "The office closed in July 2025.", DATES),
        ("The company was founded in 1998 by Ada.", "Ada founded the company in 1999.", DATES),
        ("The weekly review is on Monday.", "The weekly review is on Tuesdays.", DATES),
        ("The weekly review starts at 9:30.", "The weekly review starts at 10:00.", DATES),
        ("Die Frist für Anträge endet am 1. März.", "Die Frist für Anträge: 15. März.", DATES),
        ("The office closes on 24 December 2026.", "The office closes on 2026-12-24.", []),
        ("The office closes in December.", "The office closes on 24 December.", []),
        ("The fee for late payments is $25.", "The canteen serves 30 meals.", []),
        ("Backups are kept for 30 days.", "Backups are kept for 2 weeks in the cloud.", []),
        ("Backups of data: 30 days or 90 days.", "Backups of data are kept for 60 days.", []),
    ],
)
def test_two_sources_that_differ_are_pointed_out(one: str, other: str, warnings: list[str]) -> None:
    assert warn(one, other) == warnings
    assert [len(warn(other, one))] == [len(warnings)]


def test_one_document_does_not_contradict_itself() -> None:
    quotes = ("Data is kept for 30 days.", "Data is kept for 90 days.")
    assert not find_contradictions([cite(1, quotes[0], "u"), cite(2, quotes[1], "u")])


def test_the_newest_source_tells_whether_an_answer_is_stale() -> None:
    old, new = cite(1, "a", age_days=400), cite(2, "b", age_days=20)
    assert find_stale([old, new], 30) == []
    assert find_stale([old], 30) == ["The newest source of this answer is 400 days old."]
    assert find_stale([old], None) == []
    assert find_stale([cite(1, "a")], 30) == []


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("on 2026-06-05", [Date(2026, 6, 5)]),
        ("am 5.6.2026 und am 7. Juli", [Date(2026, 6, 5), Date(None, 7, 7)]),
        ("June 5th, 2026 or 6th of June", [Date(2026, 6, 5), Date(None, 6, 6)]),
        ("en mayo de 2024", [Date(2024, 5)]),
        ("le 3 mars 2020 à 14h30", [Date(2020, 3, 3), Date(time=(14, 30))]),
        ("since 1998, port 8080, 2000 MB, v2.2024", [Date(1998)]),
    ],
)
def test_dates_are_found(text: str, dates: list[Date]) -> None:
    assert find_dates(text) == dates
