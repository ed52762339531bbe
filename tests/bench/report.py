"""What a section of the benchmarks found: a table, notes, and charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from retrieval.evaluation.metrics import percentile

Cell = str | float | int
Row = Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark's result. Rows share their columns; `charts` are SVG by file name.

    Where nothing was `timed`, it does not matter how busy the machine was.
    """

    name: str
    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    charts: Mapping[str, str] = field(default_factory=dict)
    timed: bool = True

    def to_json(self) -> dict[str, object]:
        return {"title": self.title, "rows": [dict(row) for row in self.rows], "notes": self.notes}


def print_section(section: Section, console: Console) -> None:
    """The table for people."""
    table = Table(title=section.title, title_justify="left", box=None, pad_edge=False)
    for column in section.rows[0] if section.rows else ():
        numeric = not isinstance(section.rows[0][column], str)
        table.add_column(escape(column), justify="right" if numeric else "left", no_wrap=True)
    for row in section.rows:
        table.add_row(*(escape(show(cell)) for cell in row.values()))
    console.print(table)
    for note in section.notes:
        console.print(f"  {escape(note)}")
    console.print()


def show(cell: Cell) -> str:
    """A figure with as many digits as it is worth."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 1000:
        return f"{cell:,.0f}"
    if abs(cell) >= 100:
        return f"{cell:.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.3f}"


def spread(milliseconds: Sequence[float]) -> dict[str, float]:
    """The median and the 95th percentile."""
    return {
        "p50 ms": round(percentile(milliseconds, 50), 2),
        "p95 ms": round(percentile(milliseconds, 95), 2),
    }
