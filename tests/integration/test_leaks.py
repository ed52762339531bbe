"""Nobody sees what is not for them, whatever they do; and the check would tell if they did."""

from collections.abc import Callable
from dataclasses import replace

import pytest

import bot.scopes
from bot.access import derive_private_scope, derive_public_scope
from bot.model import Audience, Person, Place, Standing
from bot.storage.rights import PostgresRightsChanges
from retrieval.model import AccessScope, TenantId
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


@pytest.mark.parametrize("breaking", [trust_outsiders, trust_guests, forget_changes])
async def test_a_broken_filter_is_found(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, breaking: Callable[[pytest.MonkeyPatch], None]
) -> None:
    breaking(monkeypatch)
    assert (await look_for_leaks(pool, 300, first=True)).leaks
