"""Refused requests are counted."""

import pytest

from bot.platforms.discord_refusals import WINDOW, RefusalCounter


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def counter(clock: Clock) -> RefusalCounter:
    return RefusalCounter(most=3, clock=clock)


@pytest.mark.parametrize(
    ("status", "scope", "counts"),
    [
        (200, None, False),
        (404, None, False),
        (500, None, False),
        (429, "shared", False),
        (429, "user", True),
        (429, None, True),
        (401, None, True),
        (403, None, True),
    ],
)
def test_what_counts(counter: RefusalCounter, status: int, scope: str | None, counts: bool) -> None:
    for _ in range(3):
        counter.record(status, scope)
    assert counter.is_closed is counts


def test_it_opens_again_when_some_have_lapsed(counter: RefusalCounter, clock: Clock) -> None:
    for clock.now in (0.0, 100.0, 200.0):
        assert not counter.is_closed
        counter.record(403, None)
    clock.now = WINDOW - 1
    assert counter.is_closed
    clock.now = WINDOW
    assert not counter.is_closed
    counter.record(403, None)
    assert counter.is_closed
    clock.now = WINDOW + 100
    assert not counter.is_closed
