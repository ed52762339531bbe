"""Platforms take what models write; `make bench ONLY=rendering` posts the long answers, too."""

from tests.bench.answers import make_answers, read_answers
from tests.bench.rendering import measure_rendering

EVERY = 8
"""Of the answers that are made, which are long, so many are left to the benchmark for each here."""


async def test_answers_come_out_whole_balanced_and_inert() -> None:
    answers = [*read_answers(), *make_answers()[::EVERY]]
    assert len(answers) > 200
    section = await measure_rendering(answers)
    assert section.notes == []
    assert [row["messages"] >= len(answers) for row in section.rows] == [True, True]
