"""When sources are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import InvalidSchedule
from retrieval.model import Schedule
from retrieval.sync.schedule import (
    MOST_JITTER,
    describe_schedule,
    find_next,
    parse_schedule,
    plan_next,
)

ZURICH = ZoneInfo("Europe/Zurich")
START = datetime(2020, 1, 1, tzinfo=UTC)
MINUTES = 15 * 365 * 24 * 60


def local(schedule: Schedule, after: datetime, count: int = 1) -> list[str]:
    """The next times, as people there read them."""
    times = []
    for _ in range(count):
        after = find_next(schedule, after)
        times.append(after.astimezone(ZoneInfo(schedule.zone)).strftime("%m-%d %H:%M"))
    return times


def test_a_schedule_is_read_in_its_time_zone() -> None:
    schedule = parse_schedule(" 0  6 * * 1-5", "Europe/Zurich")
    friday = datetime(2026, 11, 20, 6, 0, tzinfo=ZURICH)
    assert local(schedule, friday, 2) == ["11-23 06:00", "11-24 06:00"]
    assert find_next(schedule, friday).utctimetuple().tm_hour == 5
    assert describe_schedule(schedule) == "0 6 * * 1-5, Europe/Zurich"


def test_the_hour_that_is_left_out_in_spring_loses_no_sync() -> None:
    schedule = parse_schedule("30 2 * * *", "Europe/Zurich")
    saturday = datetime(2026, 3, 28, 3, 0, tzinfo=ZURICH)
    assert local(schedule, saturday, 2) == ["03-29 03:00", "03-30 02:30"]


def test_the_hour_that_comes_twice_in_autumn_brings_one_sync() -> None:
    schedule = parse_schedule("30 2 * * *", "Europe/Zurich")
    saturday = datetime(2026, 10, 24, 3, 0, tzinfo=ZURICH)
    assert local(schedule, saturday, 2) == ["10-25 02:30", "10-26 02:30"]


def test_hourly_syncs_go_on_every_hour_through_clock_changes() -> None:
    schedule = parse_schedule("0 * * * *", "Europe/Zurich")
    after = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    times = []
    for _ in range(4):
        after = find_next(schedule, after)
        times.append(after.hour)
    assert times == [0, 1, 2, 3]


def test_a_window_lets_syncs_begin_within_it_only() -> None:
    schedule = parse_schedule("*/30 * * * *", "UTC", "22:00 - 00:30")
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert local(schedule, noon, 7) == [
        *("01-01 22:00", "01-01 22:30", "01-01 23:00", "01-01 23:30"),
        *("01-02 00:00", "01-02 00:30", "01-02 22:00"),
    ]
    assert describe_schedule(schedule) == "*/30 * * * *, UTC, between 22:00 and 00:30"
    day = parse_schedule("0 * * * *", "UTC", "09:00-10:00")
    assert local(day, noon, 2) == ["01-02 09:00", "01-02 10:00"]


@pytest.mark.parametrize(
    ("cron", "zone", "window", "words"),
    [
        ("every day", "UTC", "", "no cron expression"),
        ("61 * * * *", "UTC", "", "Bad minute"),
        ("* * * * *", "Europe/Zürich", "", "no time zone"),
        ("* * * * *", "../../etc/passwd", "", "no time zone"),
        ("* * * * *", "UTC", "evening", "no window"),
        ("* * * * *", "UTC", "22-6-7", "no window"),
        ("0 12 * * *", "UTC", "01:00-02:00", "never comes"),
        ("0 0 31 2 *", "UTC", "", "day"),
        ("* * */20 * 1L", "UTC", "", "never comes"),
    ],
)
def test_what_cannot_be_a_schedule_is_refused(
    cron: str, zone: str, window: str, words: str
) -> None:
    with pytest.raises(InvalidSchedule, match=words):
        parse_schedule(cron, zone, window)


@given(st.integers(0, MINUTES), st.text())
def test_jitter_spreads_sources_and_never_reaches_the_next_time(minute: int, name: str) -> None:
    after = START + timedelta(minutes=minute)
    schedule = Schedule("*/5 * * * *", "America/New_York")
    due = find_next(schedule, after)
    planned = plan_next(schedule, after, name)
    assert timedelta() <= planned - due <= min(MOST_JITTER, timedelta(seconds=30))


def test_a_source_is_always_moved_alike_and_two_differ() -> None:
    schedule, after = Schedule("0 3 * * *"), datetime(2026, 1, 1, tzinfo=UTC)
    moved = {name: plan_next(schedule, after, name) for name in ("handbook", "wiki")}
    assert moved["handbook"] == plan_next(schedule, after, "handbook")
    assert moved["handbook"] != moved["wiki"]
