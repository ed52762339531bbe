"""The tables in the documentation are those that the benchmarks print."""

from pathlib import Path

from tests.bench.__main__ import SECTIONS, describe_machine
from tests.bench.page import update_page
from tests.bench.report import Section

PAGE = "Before\n<!-- bench speed -->\nold\n<!-- /bench speed -->\nafter\n"


def test_a_table_takes_the_place_of_the_one_before() -> None:
    rows = [{"chunks": 10_000, "p95 ms": 12.34, "way": "exact"}]
    section = Section("speed", "Queries", rows, ["ten queries"], {"time.svg": "<svg/>"})
    page = update_page(PAGE, section, "2 cores")
    assert page.startswith("Before\n<!-- bench speed -->\n")
    assert page.endswith("<!-- /bench speed -->\nafter\n")
    assert "| chunks | p95 ms | way |\n| ---: | ---: | --- |\n| 10,000 | 12.3 | exact |" in page
    assert "![Queries](time.svg)" in page
    assert "- ten queries\n- Machine: 2 cores\n" in page
    assert "old" not in page
    assert update_page(page, section, "2 cores") == page


def test_a_section_without_a_place_changes_nothing() -> None:
    assert update_page(PAGE, Section("size", "Disk", []), "2 cores") == PAGE


def test_how_busy_the_machine_was_is_told_of_times_alone() -> None:
    assert "busy" not in describe_machine(None)
    assert describe_machine(0.03).endswith(", 3 % busy before the run")
    busy = describe_machine(0.5)
    assert busy.startswith(describe_machine(None))
    assert "50 % busy before the run; shared with other programs" in busy
    assert not Section("int8", "Change", [], timed=False).timed


def test_the_documentation_has_a_place_for_each_section_of_the_store(repository: Path) -> None:
    page = (repository / "docs/retrieval.md").read_text(encoding="utf-8")
    names = ("ingest", "latency", "ann", "clients", "sizes", "binary", "int8", "quality")
    for name in (*names, "quality-whole"):
        assert name.removesuffix("-whole") in SECTIONS
        assert f"<!-- bench {name} -->\n" in page
        assert f"<!-- /bench {name} -->\n" in page
