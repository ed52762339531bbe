"""What the benchmarks print."""

import io

import pytest
from rich.console import Console

from tests.bench.report import Section, print_section, show, spread
from tests.bench.sizes import per_million
from tests.bench.stores import with_database


@pytest.mark.parametrize(
    ("cell", "shown"),
    [("text", "text"), (12345, "12,345"), (1234.5, "1,234"), (123.4, "123"), (0.98765, "0.988")],
)
def test_figures_have_the_digits_they_are_worth(cell: str | float, shown: str) -> None:
    assert show(cell) == shown


def test_a_section_is_printed_with_its_notes() -> None:
    section = Section("ann", "Recall", [{"chunks": 1000, "visible": "9 %"}], ["[200] queries"])
    output = io.StringIO()
    print_section(section, Console(file=output, width=80))
    for word in ("Recall", "chunks", "1,000", "9 %", "[200] queries"):
        assert word in output.getvalue()
    assert section.to_json()["rows"] == [{"chunks": 1000, "visible": "9 %"}]


def test_the_median_and_the_slow_end() -> None:
    assert spread([float(n) for n in range(101)]) == {"p50 ms": 50.0, "p95 ms": 95.0}


def test_disk_for_a_million() -> None:
    assert per_million(2_000_000_000, 100_000) == 20.0


def test_the_database_of_a_url_is_exchanged() -> None:
    url = "postgresql://someone:@/postgres?host=/a/b"
    assert with_database(url, "bench") == "postgresql://someone:@/bench?host=/a/b"
