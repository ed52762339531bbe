"""Nothing is lost or said twice while processes are killed and the database restarts."""

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.chaos import Plan, play

PLAN = Plan(
    questions=150,
    at_once=50,
    kill_every=2.0,
    most_kills=12,
    restarts=1,
    down=1.0,
    redelivery=(0.0, 10.0, 60.0),
    patience=200.0,
)

CARELESS = Plan(
    questions=100,
    at_once=30,
    asking=90.0,
    failing=0.8,
    most_kills=0,
    restarts=0,
    patience=8.0,
)


async def test_a_fault_run_notices_what_a_careless_program_loses_and_says_twice() -> None:
    with TemporaryDirectory(prefix="footnote-faults-") as folder:
        outcome = await play(CARELESS, Path(folder), "tests.bench.careless")
    assert outcome.verdict.lost.total() > 0
    assert outcome.verdict.doubled["slack"] > 0
    assert outcome.verdict.doubled["discord"] > 0


async def test_questions_outlive_kills_failing_posts_and_a_restart() -> None:
    # Not below pytest's own directory, which another session closes to the database's user.
    with TemporaryDirectory(prefix="footnote-faults-") as folder:
        outcome = await play(PLAN, Path(folder))
    verdict = outcome.verdict
    assert len(outcome.asked) == PLAN.questions
    assert not verdict.lost.total()
    assert not verdict.wrong.total(), verdict.oddities
    assert not verdict.doubled["discord"]
    assert not verdict.standing.total()
    assert outcome.kills > 0
    assert outcome.restarts == 1
