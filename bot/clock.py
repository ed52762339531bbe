"""What the time is."""

from datetime import UTC, datetime


def read_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)
