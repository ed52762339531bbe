"""When what was asked came in late."""

from datetime import datetime, timedelta

LATE = timedelta(minutes=5)
"""After so long, the answer says that it is late."""


def is_late(asked: datetime, now: datetime) -> bool:
    """Whether so much time has passed since it was asked that people are to be told."""
    return now - asked > LATE
