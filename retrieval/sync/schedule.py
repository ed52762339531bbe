"""When a source is due: cron expressions in a time zone, within a window. Pure."""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from retrieval.errors import InvalidSchedule
from retrieval.model import Schedule

MOST_JITTER = timedelta(minutes=1)
JITTER_SHARE = 0.1
"""Of the time between two syncs: sources of one schedule are spread over so much of it."""

_LOOKED_AT = 10_000
"""So many times of a schedule are tried against its window: a year of every hour."""


def parse_schedule(cron: str, zone: str = "UTC", window: str = "") -> Schedule:
    """Read what an admin typed; `window` is 'HH:MM-HH:MM'. Raises InvalidSchedule."""
    hours = _read_window(window) if window.strip() else None
    schedule = Schedule(" ".join(cron.split()), zone.strip() or "UTC", hours)
    find_next(schedule, datetime(2026, 1, 1, tzinfo=UTC))
    return schedule


def _read_window(text: str) -> tuple[str, str]:
    try:
        start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
    except ValueError as error:
        raise InvalidSchedule(
            f"{text!r} is no window: write two times of day, as in 22:00-06:00."
        ) from error
    return start.isoformat("minutes"), end.isoformat("minutes")


def describe_schedule(schedule: Schedule | None) -> str:
    """'0 6 * * *, Europe/Zurich, between 05:00 and 07:00'; '' for none."""
    if schedule is None:
        return ""
    window = f", between {schedule.window[0]} and {schedule.window[1]}" if schedule.window else ""
    return f"{schedule.cron}, {schedule.zone}{window}"


def find_next(schedule: Schedule, after: datetime) -> datetime:
    """The first time after `after` at which the schedule has its source synced, in UTC.

    Clock changes are handled as by Debian's cron: nothing is left out and nothing done twice.
    Raises InvalidSchedule, also where there is no such time.
    """
    for due in islice(_iterate(schedule, after), _LOOKED_AT):
        if schedule.window is None or _lies_within(due.time(), *schedule.window):
            return due.astimezone(UTC)
    raise InvalidSchedule(
        f"The schedule {describe_schedule(schedule)} never comes. Correct its day or its window."
    )


def plan_next(schedule: Schedule, after: datetime, source: str) -> datetime:
    """As find_next, moved a little, by the name of the source, so that not all begin at once."""
    due = find_next(schedule, after)
    room = min(MOST_JITTER, JITTER_SHARE * (find_next(schedule, due) - due))
    return due + room * (zlib.crc32(source.encode()) % 1000 / 1000)


def _iterate(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    try:
        zone = ZoneInfo(schedule.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidSchedule(
            f"There is no time zone {schedule.zone!r}. Name it as the IANA does: Europe/Zurich."
        ) from error
    try:
        return iter(CronSim(schedule.cron, after.astimezone(zone)))
    except CronSimError as error:
        raise InvalidSchedule(
            f"{schedule.cron!r} is no cron expression ({error}). It has five fields, minute, hour, "
            "day, month and weekday: '0 6 * * 1-5' is six o'clock on working days."
        ) from error


def _lies_within(moment: time, start: str, end: str) -> bool:
    first, last = time.fromisoformat(start), time.fromisoformat(end)
    if first <= last:
        return first <= moment <= last
    return moment >= first or moment <= last
