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
    redelivery=(0.0, 2.0, 5.0, 10.0, 20.0, 40.0),
    patience=200.0,
)


async def test_questions_outlive_kills_failing_posts_and_a_restart() -> None:
    # Not below pytest's own directory, which another session closes to the database's user.
    with TemporaryDirectory(prefix="footnote-faults-") as folder:
        outcome = await play(PLAN, Path(folder))
    none = {"slack": 0, "discord": 0}
    assert len(outcome.asked) == PLAN.questions
    assert outcome.lost == none
    assert outcome.wrong == none
    assert outcome.doubles["discord"] == 0
    assert outcome.swept == none
    assert outcome.kills > 0
    assert outcome.restarts == 1
