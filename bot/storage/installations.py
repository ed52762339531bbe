"""Where the Slack app is installed, in PostgreSQL, the tokens sealed."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from bot.model import Installation
from bot.ports import Renew, SecretKeeper
from bot.storage.database import QUERIES, Pool, begin, connect
from retrieval.model import TenantId


class PostgresInstallations:
    """Satisfies bot.ports.Installations. Raises StoreUnavailable, SettingsInvalid."""

    def __init__(self, pool: Pool, keeper: SecretKeeper) -> None:
        self._pool = pool
        self._keeper = keeper

    async def put(self, tenant: TenantId, installation: Installation) -> None:
        """Keep an installation in place of the one before."""
        row = {
            "tenant": tenant,
            "id": installation.id,
            "enterprise": installation.enterprise,
            "name": installation.name,
            "bot_user": installation.bot_user,
            "bot_id": installation.bot_id,
            "scopes": sorted(installation.scopes),
            "installed_at": installation.installed_at,
            **self._seal(installation),
        }
        async with connect(self._pool) as connection:
            await connection.execute(QUERIES["put_installation"], row)

    async def find(self, workspace: str) -> Installation | None:
        """That of a workspace, or of the organisation that serves it."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["find_installation"], {"workspace": workspace}
            )
            row = await cursor.fetchone()
        return None if row is None else self._read(row)

    async def list_for(self, tenant: TenantId) -> Sequence[Installation]:
        """Every installation of a tenant, the oldest first."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(QUERIES["list_installations"], {"tenant": tenant})
            return [self._read(row) for row in await cursor.fetchall()]

    async def renew(self, installation: Installation, renew: Renew) -> Installation | None:
        """Have `renew` get the next token, once however many processes want it at a time.

        A refresh token is good once, so the others wait for the lock and then find the new one.
        """
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["lock_installation"], {"id": installation.id})
            row = await cursor.fetchone()
            if row is None:
                return None
            kept = self._read(row)
            if kept.token != installation.token:
                return kept
            fresh = await renew(kept)
            await connection.execute(
                QUERIES["set_installation_token"], {"id": fresh.id, **self._seal(fresh)}
            )
        return fresh

    async def remove(self, id_: str, until: datetime) -> bool:
        """Delete an installation with its tokens; False where it is none, or a later one."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["remove_installation"], {"id": id_, "until": until}
            )
            return await cursor.fetchone() is not None

    async def rotate_secrets(self) -> int:
        """Seal every token anew with the first key; how many there are."""
        sealed = 0
        async with begin(self._pool) as connection:
            cursor = await connection.execute(QUERIES["list_sealed_installations"])
            for id_, kept in await cursor.fetchall():
                opened = self._keeper.open_all(kept)
                anew = Jsonb(self._keeper.seal_all(opened))
                await connection.execute(
                    QUERIES["set_installation_secrets"], {"id": id_, "secrets": anew}
                )
                sealed += len(opened)
        return sealed

    def _seal(self, installation: Installation) -> dict[str, Any]:
        tokens = {"token": installation.token, "refresh_token": installation.refresh_token}
        kept = {name: token for name, token in tokens.items() if token}
        return {
            "secrets": Jsonb(self._keeper.seal_all(kept)),
            "expires_at": installation.expires_at,
        }

    def _read(self, row: Sequence[Any]) -> Installation:
        id_, enterprise, name, bot_user, bot_id, scopes, sealed, expires_at, installed_at = row
        return Installation(
            id=id_,
            enterprise=enterprise,
            name=name,
            bot_user=bot_user,
            bot_id=bot_id,
            scopes=frozenset(scopes),
            installed_at=installed_at,
            expires_at=expires_at,
            **self._keeper.open_all(sealed),
        )


class PostgresInstallationStates:
    """Satisfies bot.ports.InstallationStates. What is kept is a digest, so that who can read the
    database cannot finish an installation.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def issue(self, seconds: float) -> str:
        """A secret that can be brought back once, for so many seconds."""
        state = secrets.token_urlsafe(32)
        values = {"digest": _digest(state), "seconds": seconds}
        async with begin(self._pool) as connection:
            await connection.execute(QUERIES["drop_old_oauth_states"])
            await connection.execute(QUERIES["issue_oauth_state"], values)
        return state

    async def consume(self, state: str) -> bool:
        """Whether it was issued, in any process, and is neither used nor too old."""
        async with connect(self._pool) as connection:
            cursor = await connection.execute(
                QUERIES["consume_oauth_state"], {"digest": _digest(state)}
            )
            row = await cursor.fetchone()
        return row is not None and bool(row[0])


def _digest(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()
