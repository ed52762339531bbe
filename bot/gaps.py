"""When the events of a Slack workspace may have been missed. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

BEAT = 5.0
"""Seconds between two looks of a process that receives."""
REST = timedelta(seconds=20)
"""A sign that events are heard is good for so long; no other is written meanwhile."""
PATIENCE = timedelta(minutes=1)
"""After so long without a sign nobody was there to hear."""
OVERLAP = timedelta(minutes=10)
"""So long before a gap begins what is in it: Slack delivers again for six minutes what nobody took,
so that may have been said before and still be missed."""
LEASE = timedelta(seconds=15)
"""A process that reads and gives no sign for so long counts as dead."""


@dataclass(frozen=True, slots=True)
class Gap:
    """What was said in a workspace from `since` to `until` may not have been taken down.

    `at` is when a process took it upon itself to read that.
    """

    workspace: str
    since: datetime
    until: datetime
    at: datetime

    @property
    def heard_until(self) -> datetime:
        """Until then somebody was there to hear, although not everything may have got through."""
        return self.since + OVERLAP

    @property
    def is_long(self) -> bool:
        """Whether nobody was there to hear, and not just a process began anew."""
        return self.until - self.heard_until > PATIENCE
