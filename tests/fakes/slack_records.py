"""What the processes of one Slack app agree on, in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from bot.gaps import LEASE, OVERLAP, PATIENCE, REST, Gap
from retrieval.errors import StoreUnavailable


@dataclass
class Heard:
    """What is known of a workspace."""

    heard_at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    owner: str = ""
    lease: datetime | None = None


@dataclass
class InMemoryGaps:
    """Satisfies bot.platforms.slack_catch_up.Gaps; `failures` calls fail first.

    `starts` counts how often somebody was in doubt, as each process is when it begins.
    """

    linked: dict[str, Heard] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    passed: timedelta = timedelta(0)
    failures: int = 0
    starts: int = 0

    @property
    def missed(self) -> bool:
        """Whether something is to be read."""
        return any(each.since for each in self.linked.values())

    def now(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def _find(self, workspace: str | None) -> dict[str, Heard]:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable
        return {name: each for name, each in self.linked.items() if workspace in (None, name)}

    async def hear(self, workspace: str | None, *, doubtful: bool) -> None:
        now = self.now()
        for each in self._find(workspace).values():
            silence = now - each.heard_at if each.heard_at else timedelta(0)
            if each.heard_at and not doubtful and silence <= REST:
                continue
            if each.heard_at and (doubtful or silence > PATIENCE):
                each.since = each.since or each.heard_at - OVERLAP
                each.until = now
            each.heard_at = now
        self.starts += doubtful

    async def take(self, workspace: str | None, owner: str) -> Gap | None:
        now = self.now()
        for name, each in self._find(workspace).items():
            is_free = each.lease is None or each.lease < now
            if each.since and each.until and is_free:
                self.linked[name] = replace(each, owner=owner, lease=now + LEASE)
                return Gap(name, each.since, each.until, now)
        return None

    async def keep(self, owner: str, workspaces: Collection[str]) -> None:
        for name, each in self._find(None).items():
            if each.owner == owner and name in workspaces:
                each.lease = self.now() + LEASE

    async def close(self, owner: str, gap: Gap) -> None:
        for each in self._find(gap.workspace).values():
            if each.owner == owner:
                is_over = each.until is None or each.until <= gap.at
                each.since = None if is_over else gap.at - OVERLAP
                each.owner, each.lease = "", None

    async def leave(self, owner: str) -> None:
        for each in self._find(None).values():
            if each.owner == owner:
                each.owner, each.lease = "", None

    async def list_asked(
        self, workspace: str, *, since: datetime, limit: int
    ) -> Sequence[tuple[str, str | None]]:
        self._find(workspace)
        return self.asked[:limit]
