"""A table drawn in characters of equal width. Pure."""

import unicodedata

from bot.rendering.plain import render_inlines
from bot.rendering.reply import Table


def draw_table(table: Table) -> str:
    """The table, one line a row, below the header a rule."""
    rows = _read_cells(table)
    widths = [max(map(measure_width, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell + " " * (width - measure_width(cell))
            for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def measure_table(table: Table) -> int:
    """Columns that the drawn table takes."""
    rows = _read_cells(table)
    widths = [max(map(measure_width, column)) for column in zip(*rows, strict=True)]
    return sum(widths) + 2 * max(len(widths) - 1, 0)


def measure_width(text: str) -> int:
    """Columns that the text takes in a font of equal widths (Unicode TR 11)."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _read_cells(table: Table) -> list[list[str]]:
    return [
        [" ".join(render_inlines(cell).split()) for cell in row]
        for row in (table.header, *table.rows)
    ]
