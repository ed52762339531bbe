"""Workspaces, admins and the audit log in PostgreSQL."""

from collections.abc import Sequence

from psycopg.rows import class_row

from bot.model import AuditEntry, AuditRecord, ItemId, Platform
from bot.storage.database import QUERIES, Pool, connect
from retrieval.model import TenantId

DEFAULT_TENANT = TenantId("default")


class PostgresWorkspaces:
    """Satisfies bot.ports.Workspaces.

    `allowed` names the only workspaces that are ever resolved, each as 'slack:T…' or 'discord:…';
    where it is empty, every linked one is.
    """

    def __init__(
        self,
        pool: Pool,
        *,
        default_tenant: TenantId = DEFAULT_TENANT,
        allowed: frozenset[str] = frozenset(),
    ) -> None:
        self._pool = pool
        self._default_tenant = default_tenant
        self._allowed = allowed

    async def resolve(self, platform: Platform, workspace: str) -> TenantId | None:
        """The tenant, or None where the workspace was never linked or is not allowed."""
        if self._allowed and f"{platform.value}:{workspace}" not in self._allowed:
            return None
        return await self._find(platform, workspace)

    async def _find(self, platform: Platform, workspace: str) -> TenantId | None:
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["resolve_workspace"], {"platform": platform, "workspace": workspace}
            )
            row = await cursor.fetchone()
        return None if row is None else TenantId(row[0])

    async def link(self, platform: Platform, workspace: str, name: str) -> TenantId:
        """Note a workspace that we are connected to; a new one goes to the default tenant."""
        tenant = await self._find(platform, workspace) or self._default_tenant
        async with connect(self._pool) as connection:
            await connection.execute(
                QUERIES["link_workspace"],
                {"tenant": tenant, "platform": platform, "workspace": workspace, "name": name},
            )
        return tenant


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
