"""The time that a question asks of documents."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.llm.narrowing import narrow_question
from agents.llm.periods import find_period

NOW = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)
"""A Thursday."""


@pytest.mark.parametrize(
    ("question", "since", "until", "rest"),
    [
        ("what changed since June?", "2026-06-01", None, "what changed?"),
        ("What is new since last week?", "2026-11-16", None, "What is new?"),
        ("news from last week", "2026-11-16", "2026-11-23", "news"),
        ("last week's notes", "2026-11-16", "2026-11-23", "notes"),
        ("what was decided yesterday?", "2026-11-25", "2026-11-26", "what was decided?"),
        ("meeting notes from 5 June 2026", "2026-06-05", "2026-06-06", "meeting notes"),
        ("minutes of Monday", "2026-11-23", "2026-11-24", "minutes"),
        ("minutes of last Thursday", "2026-11-19", "2026-11-20", "minutes"),
        ("which pages were updated in 2024?", "2024-01-01", "2025-01-01", None),
        ("documents between March and May 2025", "2025-03-01", "2025-06-01", "documents"),
        ("what changed from 2024 to 2025", "2024-01-01", "2026-01-01", "what changed"),
        ("release notes from Q3", "2026-07-01", "2026-10-01", "release notes"),
        ("changes last quarter", "2026-07-01", "2026-10-01", "changes"),
        ("what changed in the last 3 weeks", "2026-11-05", "2026-11-26", "what changed"),
        ("everything that changed two weeks ago", "2026-11-12", "2026-11-13", None),
        ("reports until 2026-05-01", None, "2026-05-02", "reports"),
        ("changes before 31.12.2025", None, "2025-12-31", "changes"),
        ("updates on the migration after May 3rd", "2026-05-04", None, None),
        ("what changed in December?", "2025-12-01", "2026-01-01", "what changed?"),
        ("Was hat sich seit Juni geändert?", "2026-06-01", None, "Was hat sich geändert?"),
        ("Neuigkeiten der letzten Woche", "2026-11-16", "2026-11-23", "Neuigkeiten"),
        ("Änderungen seit zwei Wochen", "2026-11-12", None, "Änderungen"),
        ("Welche Dokumente wurden vor dem 1. Mai aktualisiert?", None, "2026-05-01", None),
        ("quoi de neuf depuis lundi ?", "2026-11-23", None, "quoi de neuf?"),
        ("les nouveautés de la semaine dernière", "2026-11-16", "2026-11-23", None),
        ("changements au cours des 3 derniers mois", "2026-08-28", "2026-11-26", "changements"),
        ("documents publiés en mai 2025", "2025-05-01", "2025-06-01", "documents publiés"),
        ("¿qué ha cambiado desde junio?", "2026-06-01", None, "¿qué ha cambiado?"),
        ("noticias de la semana pasada", "2026-11-16", "2026-11-23", "noticias"),
        ("actas del 3 de mayo de 2026", "2026-05-03", "2026-05-04", "actas"),
    ],
)
def test_the_time_of_documents_is_read(
    question: str, since: str | None, until: str | None, rest: str | None
) -> None:
    found = find_period(question, NOW)
    assert found is not None
    edges = (found.period.since, found.period.until)
    assert tuple(edge and f"{edge:%Y-%m-%d}" for edge in edges) == (since, until)
    if rest is not None:
        assert found.text == rest


@pytest.mark.parametrize(
    "question",
    [
        "What happened in 1940?",
        "What did the king change in 1066?",
        "what changed in version 4.2?",
        "who is on call this week?",
        "How many vacation days did we have last year?",
        "In what year was the treaty published?",
        "When was the data retention policy last changed?",
        "Who may decide on the budget?",
        "what's new?",
        "Do invoices from last year have to be kept?",
        "documents from 31.02.2025",
        "Wie viele Urlaubstage hatte ich letztes Jahr?",
    ],
)
def test_a_date_in_the_content_is_left_alone(question: str) -> None:
    assert find_period(question, NOW) is None


@given(
    st.integers(10_000, 45_000),
    st.sampled_from(
        "since last month,from last week,of this quarter,since Friday,from February,in 2 days"
        ",from the last 9 years,since 29 February,yesterday,until Q4,before last year".split(",")
    ),
)
def test_a_period_never_begins_in_the_future(day: int, when: str) -> None:
    now = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
    found = find_period(f"changes {when}", now)
    if found is not None and found.period.since is not None:
        assert found.period.since <= now
        assert now - found.period.since < timedelta(days=366 * 10)


@given(st.text(max_size=60))
def test_nothing_said_is_too_odd_to_be_read(text: str) -> None:
    asked = narrow_question(f"what changed {text} since", {"docs", "-", "a.b*"}, NOW)
    assert asked.text


@pytest.mark.parametrize(
    ("question", "sources", "rest"),
    [
        ("In the handbook, how do I book a holiday?", {"handbook"}, "how do I book a holiday?"),
        ("How do I book a holiday according to the handbook?", {"handbook"}, None),
        ("search the team wiki: door code", {"team-wiki"}, "door code"),
        ("Was steht im Handbook über Urlaub?", {"handbook"}, "Was steht über Urlaub?"),
        ("who maintains the handbook?", None, "who maintains the handbook?"),
        ("how are handbooks printed in the office?", None, None),
        ("what is in the handbook?", {"handbook"}, "what is in the handbook?"),
    ],
)
def test_a_source_that_is_named_is_chosen(
    question: str, sources: set[str] | None, rest: str | None
) -> None:
    asked = narrow_question(question, {"handbook", "team-wiki"}, NOW)
    assert asked.sources == sources
    if rest is not None:
        assert asked.text == rest
