"""Nobody sees what is not for them, whatever they do; and the check would tell if they did."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

import bot.scopes
from bot.access import derive_private_scope, derive_public_scope
from bot.model import Audience, Person, Place, Standing
from bot.people.home import HomePages
from bot.rendering.welcome import ManagedSource
from bot.storage.rights import PostgresRightsChanges
from retrieval.model import AccessScope, ReadableSource, TenantId
from retrieval.postgres.catalog import PostgresCatalog
from retrieval.postgres.pool import Pool
from tests.bench.leaks import look_for_leaks


async def test_nobody_sees_what_is_not_for_them(pool: Pool) -> None:
    """`make bench ONLY=leaks` tries ten thousand cases."""
    findings = await look_for_leaks(pool, 200)
    assert findings.leaks == []
    assert findings.cases.total() == 200
    assert findings.seen > 200  # what is for them is shown


def trust_outsiders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests and strangers who read along are overlooked."""

    def derive(tenant: TenantId, place: Place, audience: Audience) -> AccessScope:
        return derive_public_scope(tenant, place, replace(audience, outsiders=False))

    monkeypatch.setattr(bot.scopes, "derive_public_scope", derive)


def trust_guests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone who asks counts as a member."""

    def derive(tenant: TenantId, place: Place, person: Person, *more: object) -> AccessScope:
        member = replace(person, standing=Standing.MEMBER)
        return derive_private_scope(tenant, place, member, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(bot.scopes, "derive_private_scope", derive)


def forget_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was once read of rights is used until it is too old."""

    async def count(*_: object) -> int:
        return 0

    monkeypatch.setattr(PostgresRightsChanges, "count", count)


def open_the_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Home pages show everybody what is for admins."""

    async def list_managed(
        self: HomePages, tenant: TenantId, *_: object
    ) -> Sequence[ManagedSource]:
        return [ManagedSource(each) for each in await self._sources.list_overviews(tenant)]

    monkeypatch.setattr(HomePages, "_list_managed", list_managed)


def count_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every source is listed to everybody."""

    async def list_readable(self: PostgresCatalog, scope: AccessScope) -> Sequence[ReadableSource]:
        async with self._pool.connection() as connection:
            query = "SELECT name FROM source WHERE tenant_id = %s"
            rows = await (await connection.execute(query, [scope.tenant])).fetchall()
        return [ReadableSource(row[0], 1, None) for row in rows]

    monkeypatch.setattr(PostgresCatalog, "list_readable", list_readable)


@pytest.mark.parametrize(
    "breaking",
    [trust_outsiders, trust_guests, forget_changes, open_the_corner, count_everything],
)
async def test_a_broken_filter_is_found(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, breaking: Callable[[pytest.MonkeyPatch], None]
) -> None:
    breaking(monkeypatch)
    assert (await look_for_leaks(pool, 300, first=True)).leaks
