"""Writes what the benchmarks found into the documentation, between marks that name the section."""

import re

from tests.bench.report import Section, show


def update_page(page: str, section: Section, machine: str) -> str:
    """The page with this section's table; unchanged where it has no place for it."""
    marks = re.compile(
        f"(<!-- bench {section.name} -->\n).*?(<!-- /bench {section.name} -->)", re.DOTALL
    )
    text = render_section(section, machine)
    return marks.sub(lambda found: f"{found[1]}{text}{found[2]}", page)


def render_section(section: Section, machine: str) -> str:
    """A section in Markdown: charts, table, notes."""
    charts = [f"![{section.title}]({file})\n" for file in section.charts]
    table = []
    if section.rows:
        columns = list(section.rows[0])
        numeric = [not isinstance(section.rows[0][column], str) for column in columns]
        rule = ["---:" if right else "---" for right in numeric]
        cells = [[show(row[column]) for column in columns] for row in section.rows]
        table = [f"| {' | '.join(line)} |" for line in (columns, rule, *cells)]
    notes = [f"- {note}" for note in (*section.notes, f"Machine: {machine}")]
    blocks = [f"**{section.title}**\n", *charts, *table, "", *notes]
    return "\n".join(blocks) + "\n"
