"""Workspaces, admins and the audit log in PostgreSQL."""

import time
from collections.abc import Callable, Sequence

from psycopg.rows import class_row

from bot.model import AuditEntry, AuditRecord, ItemId, Platform
from bot.storage.database import QUERIES, Pool, begin, connect
from retrieval.model import TenantId

DEFAULT_TENANT = TenantId("default")

REMEMBERED_SECONDS = 1.0
"""For how long a workspace's tenant is known without asking again: every event wants it."""


class PostgresWorkspaces:
    """Satisfies bot.ports.Workspaces.

    `allowed` names the only workspaces that are ever resolved, each as 'slack:T…' or 'discord:…';
    where it is empty, every linked one is. A new workspace goes to the default tenant, or, where
    `each_its_own`, those of Slack to tenants of their own, an organisation's to one together.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        default_tenant: TenantId = DEFAULT_TENANT,
        allowed: frozenset[str] = frozenset(),
        each_its_own: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._known: dict[tuple[Platform, str], tuple[TenantId, float]] = {}
        self._default_tenant = default_tenant
        self._allowed = allowed
        self._each_its_own = each_its_own

    def is_allowed(self, platform: Platform, workspace: str) -> bool:
        """Whether the settings let the bot work there."""
        return not self._allowed or f"{platform.value}:{workspace}" in self._allowed

    async def resolve(self, platform: Platform, workspace: str) -> TenantId | None:
        """The tenant, or None where the workspace is not linked or is not allowed."""
        if not self.is_allowed(platform, workspace):
            return None
        tenant, until = self._known.get((platform, workspace), (None, 0.0))
        if tenant is None or self._clock() >= until:
            tenant = await self._find(platform, workspace, even_unlinked=False)
            if tenant is not None:
                until = self._clock() + REMEMBERED_SECONDS
                self._known[platform, workspace] = (tenant, until)
        return tenant

    async def _find(
        self, platform: Platform, workspace: str, *, even_unlinked: bool
    ) -> TenantId | None:
        values = {"platform": platform, "workspace": workspace, "even_unlinked": even_unlinked}
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["resolve_workspace"], values)
            row = await cursor.fetchone()
        return None if row is None else TenantId(row[0])

    async def link(
        self, platform: Platform, workspace: str, name: str, *, organisation: str = ""
    ) -> TenantId:
        """Note a workspace that we are connected to, or are again; returns its tenant."""
        self._known.clear()
        known = await self._find(platform, workspace, even_unlinked=True)
        tenant = known or self._choose_tenant(platform, organisation or workspace)
        values = {
            "tenant": tenant,
            "platform": platform,
            "workspace": workspace,
            "name": name,
            "organisation": organisation,
        }
        async with begin(self._pool) as connection:
            await connection.execute(QUERIES["add_tenant"], values)
            await connection.execute(QUERIES["link_workspace"], values)
        return tenant

    def _choose_tenant(self, platform: Platform, owner: str) -> TenantId:
        if self._each_its_own and platform is Platform.SLACK:
            return TenantId(f"slack:{owner}")
        return self._default_tenant

    async def unlink(self, platform: Platform, workspace: str) -> None:
        """Note that a workspace, or every one of an organisation, let the bot go."""
        values = {"platform": platform, "workspace": workspace}
        self._known.clear()
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["unlink_workspaces"], values)
            for tenant, left in await cursor.fetchall():
                await connection.execute(
                    QUERIES["pause_left_sources"], {"tenant": tenant, "workspace": left}
                )


class PostgresAdmins:
    """Satisfies bot.ports.Admins."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def is_admin(self, tenant: TenantId, platform: Platform, person: str) -> bool:
        """Whether the person was made an admin besides those in the settings."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["is_admin"], {"tenant": tenant, "platform": platform, "person": person}
            )
            row = await cursor.fetchone()
        return bool(row and row[0])


class PostgresAudit:
    """Satisfies bot.ports.Audit."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(self, entry: AuditEntry) -> None:
        """Add an entry; one that says the same of the same command is there once."""
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["insert_audit"],
                {
                    "tenant": entry.tenant,
                    "platform": entry.place.platform,
                    "workspace": entry.place.workspace,
                    "channel": entry.place.channel,
                    "person": entry.person.id,
                    "item": entry.item,
                    "command": entry.command,
                    "outcome": entry.outcome,
                    "detail": entry.detail,
                },
            )

    async def find_schedule(self, tenant: TenantId, source: str) -> ItemId | None:
        """The command in chat that last set the schedule of a source."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["find_schedule"], {"tenant": tenant, "name": source}
            )
            row = await cursor.fetchone()
        return None if row is None else ItemId(row[0])

    async def list_entries(self, tenant: TenantId, *, limit: int = 20) -> Sequence[AuditRecord]:
        """The latest entries, the latest first."""
        async with connect(self._pool) as connection:
            cursor = await connection.cursor(row_factory=class_row(AuditRecord)).execute(
                QUERIES["list_audit"], {"tenant": tenant, "limit": limit}
            )
            return await cursor.fetchall()
