"""How a schedule is typed: 'daily', 'off', or '0 6 * * 1-5 zone=Europe/Zurich window=5:00-7:00'."""

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.errors import InvalidSchedule
from retrieval.sync.schedule import parse_schedule

OFF = "off"
PRESETS = {"hourly": "0 * * * *", "daily": "0 3 * * *", "weekly": "0 3 * * 1"}
ZONE, WINDOW = "zone=", "window="


@dataclass(frozen=True, slots=True)
class Timing:
    """A schedule as it was typed, presets spelled out; an empty `cron` is none."""

    cron: str
    zone: str = "UTC"
    window: str = ""


def read_timing(words: Sequence[str]) -> Timing:
    """The words after the name of the source. Raises InvalidSchedule."""
    fields = [word for word in words if not word.startswith((ZONE, WINDOW))]
    zone = next((word[len(ZONE) :] for word in words if word.startswith(ZONE)), "")
    window = next((word[len(WINDOW) :] for word in words if word.startswith(WINDOW)), "")
    typed = " ".join(fields).lower()
    if typed == OFF:
        return Timing("")
    timing = Timing(PRESETS.get(typed, " ".join(fields)), zone or "UTC", window)
    parse_schedule(timing.cron, timing.zone, timing.window)
    return timing


def write_timing(timing: Timing) -> tuple[str, ...]:
    """The words that `read_timing` reads."""
    if not timing.cron:
        return (OFF,)
    window = (f"{WINDOW}{timing.window.replace(' ', '')}",) if timing.window.strip() else ()
    return (*timing.cron.split(), f"{ZONE}{timing.zone}", *window)


def find_faults(timing: Timing) -> dict[str, str]:
    """What is wrong with which part of it, in words."""
    faults = {}
    for name, part in (
        ("when", Timing(timing.cron)),
        ("zone", Timing(timing.cron, timing.zone)),
        ("window", timing),
    ):
        try:
            parse_schedule(part.cron, part.zone, part.window)
        except InvalidSchedule as error:
            faults[name] = str(error)
            break
    return faults
