"""Installations over a real database and the SDK: rotation, organisations, departures."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bot.errors import AppNotInstalled
from bot.model import Installation, Platform
from bot.platforms.slack_installations import InstalledAccounts
from bot.platforms.slack_membership import SlackMembership
from bot.secrets import SecretBox
from bot.storage.directory import PostgresWorkspaces
from bot.storage.forgetting import PostgresForgetting
from bot.storage.installations import PostgresInstallations, PostgresInstallationStates
from retrieval.model import EVERYONE, TenantId
from retrieval.postgres.pool import Pool
from retrieval.postgres.sources import PostgresSourceStore
from tests.emulators.slack import SlackEmulator

TENANT = TenantId("default")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def make_installation(**changes: Any) -> Installation:
    values: dict[str, Any] = {
        "id": "T0FOOTNOTE1",
        "enterprise": "",
        "name": "Footnote Works",
        "bot_user": "U0FOOTNOTE1",
        "bot_id": "B0FOOTNOTE1",
        "scopes": frozenset({"chat:write"}),
        "installed_at": NOW,
        "token": "xoxb-emulator",
    }
    return Installation(**{**values, **changes})


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


class World:
    """What several processes share, and what each has of its own."""

    def __init__(self, pool: Pool, slack: SlackEmulator, **options: Any) -> None:
        self.pool, self.slack = pool, slack
        self.box = SecretBox([Fernet.generate_key().decode()])
        self.installations = PostgresInstallations(pool, self.box)
        self.workspaces = PostgresWorkspaces(pool, **options)
        self.now = NOW

    def open_process(self) -> InstalledAccounts:
        return InstalledAccounts(
            self.installations,
            client_id=self.slack.app.client_id,
            client_secret=self.slack.app.client_secret,
            api_url=self.slack.api_url,
            now=lambda: self.now,
        )

    def listen(self) -> SlackMembership:
        return SlackMembership(self.open_process(), self.workspaces, self.installations)

    async def install(self, **changes: Any) -> None:
        installation = make_installation(**changes)
        tenant = await self.workspaces.link(Platform.SLACK, installation.id, installation.name)
        await self.installations.put(tenant, installation)


@pytest.fixture
def world(pool: Pool, slack: SlackEmulator) -> World:
    return World(pool, slack)


def payload(event: dict[str, Any], team: str = "T0FOOTNOTE1", **more: Any) -> dict[str, Any]:
    at = int((NOW + timedelta(hours=1)).timestamp())
    return {"team_id": team, "event": event, "event_time": at, "authorizations": [], **more}


async def test_a_token_is_renewed_in_time_and_once(world: World) -> None:
    app = world.slack.app
    world.slack.backend.rotates, app.refresh_token = True, "xoxe-1-first"
    await world.install(refresh_token="xoxe-1-first", expires_at=NOW + timedelta(hours=3))
    processes = [world.open_process() for _ in range(4)]
    account = await processes[0].find("T0FOOTNOTE1")
    assert account.client.token == "xoxb-emulator"

    world.now = NOW + timedelta(hours=1, minutes=30)
    accounts = await asyncio.gather(*(each.find("T0FOOTNOTE1") for each in processes))
    assert {each.client.token for each in accounts} == {app.bot_token}
    assert app.bot_token != "xoxb-emulator"
    issued = [entry for entry in world.slack.journal.entries if entry.kind == "app.token_issued"]
    assert len(issued) == 1
    assert (await accounts[0].client.auth_test())["ok"]
    kept = await world.installations.find("T0FOOTNOTE1")
    assert kept is not None
    assert (kept.token, kept.refresh_token) == (app.bot_token, app.refresh_token)


async def test_a_token_that_cannot_be_renewed_is_used_until_it_expires(world: World) -> None:
    await world.install(refresh_token="xoxe-1-used", expires_at=NOW + timedelta(hours=1))
    accounts = world.open_process()

    def count_tries() -> int:
        calls = [entry for entry in world.slack.journal.entries if entry.kind == "api.called"]
        return sum(entry.data["method"] == "oauth.v2.access" for entry in calls)

    # Slack is not asked again for each event.
    for at, tries in ((0, 1), (59, 1), (60, 2)):
        world.now = NOW + timedelta(seconds=at)
        found = await asyncio.gather(*(accounts.find("T0FOOTNOTE1") for _ in range(20)))
        assert {account.client.token for account in found} == {"xoxb-emulator"}
        assert count_tries() == tries
    world.now = NOW + timedelta(hours=2)
    with pytest.raises(AppNotInstalled):
        await accounts.find("T0FOOTNOTE1")


async def test_tokens_are_sealed_and_sealed_anew(world: World) -> None:
    await world.install(refresh_token="xoxe-1-first")
    query = "SELECT secrets::text FROM slack_installation"
    async with world.pool.connection() as connection:
        before = await (await connection.execute(query)).fetchone()
    assert before is not None
    assert "xoxb-emulator" not in before[0]
    assert "xoxe-1-first" not in before[0]
    assert await world.installations.rotate_secrets() == 2
    kept = await world.installations.find("T0FOOTNOTE1")
    assert kept is not None
    assert (kept.token, kept.refresh_token) == ("xoxb-emulator", "xoxe-1-first")


async def test_an_organisation_s_workspaces_are_served_by_its_one_token(
    pool: Pool, slack: SlackEmulator
) -> None:
    world = World(pool, slack, each_its_own=True)
    await world.install(id="E1", enterprise="E1", name="Acme")
    await world.install(id="T9", token="xoxb-other", name="Somebody else")
    membership = world.listen()
    at_work = [{"enterprise_id": "E1", "team_id": "T1", "is_enterprise_install": True}]
    event = payload({"type": "message"}, "T1", authorizations=at_work)
    identity = await membership.identify(event)
    assert identity is not None
    assert (identity.team, identity.enterprise) == ("T1", "E1")
    tenants = [await world.workspaces.resolve(Platform.SLACK, name) for name in ("T1", "E1", "T9")]
    assert tenants == ["slack:E1", "slack:E1", "slack:T9"]

    # One workspace is taken from the app, then the organisation lets it go.
    await membership.part(payload({"type": "team_access_revoked", "team_ids": ["T1"]}, "T1"))
    assert await world.workspaces.resolve(Platform.SLACK, "T1") is None
    assert await membership.identify(event) is not None
    gone = payload({"type": "app_uninstalled"}, "T1", authorizations=at_work)
    await membership.part(gone)
    await membership.part(gone)
    assert await world.installations.find("T1") is None
    assert await membership.identify(event) is None
    assert await world.workspaces.resolve(Platform.SLACK, "T9") == "slack:T9"


async def test_an_organisation_that_is_not_installed_opens_nothing(world: World) -> None:
    at_work = [{"enterprise_id": "E7", "team_id": "T7", "is_enterprise_install": True}]
    event = payload({"type": "message"}, "T7", authorizations=at_work)
    assert await world.listen().identify(event) is None
    assert await world.workspaces.resolve(Platform.SLACK, "T7") is None


async def test_who_lets_the_app_go_keeps_what_is_stored_and_syncs_no_more(world: World) -> None:
    await world.install()
    sources = PostgresSourceStore(world.pool)
    await sources.add_source(TENANT, "handbook", "files", {"path": "/x"}, frozenset({EVERYONE}))
    membership = world.listen()
    tokens = {"oauth": ["U1"], "bot": []}
    await membership.part(payload({"type": "tokens_revoked", "tokens": tokens}))
    assert await world.installations.find("T0FOOTNOTE1") is not None
    await membership.part(payload({"type": "app_uninstalled"}))
    assert await world.installations.find("T0FOOTNOTE1") is None
    assert await world.workspaces.resolve(Platform.SLACK, "T0FOOTNOTE1") is None
    (source,) = await sources.list_sources(TENANT)
    assert source.paused

    # A late delivery does not undo an installation that came after it.
    await world.install(installed_at=NOW + timedelta(days=1))
    await membership.part(payload({"type": "app_uninstalled"}))
    assert await world.installations.find("T0FOOTNOTE1") is not None
    assert await world.workspaces.resolve(Platform.SLACK, "T0FOOTNOTE1") == TENANT


async def test_others_go_on_where_one_workspace_of_a_tenant_leaves(world: World) -> None:
    await world.install()
    await world.install(id="T2", token="xoxb-2")
    sources = PostgresSourceStore(world.pool)
    await sources.add_source(TENANT, "handbook", "files", {"path": "/x"}, frozenset({EVERYONE}))
    await world.listen().part(payload({"type": "app_uninstalled"}, "T2"))
    (source,) = await sources.list_sources(TENANT)
    assert not source.paused
    assert [each.id for each in await world.installations.list_for(TENANT)] == ["T0FOOTNOTE1"]


async def dump(pool: Pool) -> str:
    """Every row of every table as text."""
    rows: list[str] = []
    async with pool.connection() as connection:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        for (table,) in await (await connection.execute(query)).fetchall():
            cursor = await connection.execute(f'SELECT t::text FROM "{table}" AS t'.encode())
            rows += [row[0] for row in await cursor.fetchall()]
    return "\n".join(rows)


async def fill(pool: Pool, tenant: str, team: str) -> None:
    """What a workspace leaves behind, in each table."""
    values = {"tenant": tenant, "team": team, "item": f"{team}-item"}
    async with pool.connection() as connection:
        for statement in LEFT_BEHIND:
            await connection.execute(statement, values)


LEFT_BEHIND = (
    """INSERT INTO inbox (tenant_id, item_id, kind, platform, event, message, thread, person,
                          payload)
       VALUES (%(tenant)s, %(item)s, 'question', 'slack', %(item)s, %(item)s,
               'slack:' || %(team)s || ':C1:1', 'U1',
               jsonb_build_object('place', jsonb_build_object('workspace', %(team)s::text)))""",
    """INSERT INTO outbox (tenant_id, key, platform, place, reply)
       VALUES (%(tenant)s, %(item)s || ':answer', 'slack',
               jsonb_build_object('workspace', %(team)s::text), '{}')""",
    """INSERT INTO answer_record (tenant_id, question_id, thread, question, outcome, model, trace,
                                  timings_ms, calls, input_tokens, output_tokens, answered_at)
       VALUES (%(tenant)s, %(item)s, %(tenant)s || ':slack:' || %(team)s || ':C1:1', 'Why?', '', '',
               '{}', '{}', 0, 0, 0, now())""",
    """INSERT INTO answer_feedback (tenant_id, question_id, platform, person, vote)
       VALUES (%(tenant)s, %(item)s, 'slack', 'U1', 'good')""",
    """INSERT INTO thread_memory (tenant_id, thread, state)
       VALUES (%(tenant)s, %(tenant)s || ':slack:' || %(team)s || ':C1:1', '')""",
    """INSERT INTO channel (tenant_id, platform, workspace, channel)
       VALUES (%(tenant)s, 'slack', %(team)s, 'C1')""",
    """INSERT INTO preference (tenant_id, platform, person, workspace)
       VALUES (%(tenant)s, 'slack', 'U' || %(team)s, %(team)s)""",
    """INSERT INTO audit (tenant_id, platform, workspace, channel, person, item_id, command,
                          outcome)
       VALUES (%(tenant)s, 'slack', %(team)s, 'C1', 'U1', %(item)s, 'sync', 'allowed')""",
    """INSERT INTO discord_cursor (tenant_id, workspace, channel, message)
       VALUES (%(tenant)s, %(team)s, 'C1', 1)""",
    """INSERT INTO allowance (tenant_id, name, level, at)
       VALUES (%(tenant)s, 'person:slack:' || %(team)s || ':U1', 1, now()),
              (%(tenant)s, 'day:2026-01-31:channel:slack:' || %(team)s || ':C1', 1, now())""",
    """INSERT INTO hand_off (tenant_id, question_id, platform, asked_by, letter)
       VALUES (%(tenant)s, %(item)s, 'slack', 'U1', %(item)s || ':call')""",
    """INSERT INTO rights_change (platform, workspace_id, subject)
       VALUES ('slack', %(team)s, 'groups')""",
    """INSERT INTO source (tenant_id, name, kind, config)
       VALUES (%(tenant)s, %(team)s || '-chat', 'slack', '{"channels": ["C1"]}')""",
    """INSERT INTO transcript_channel (tenant_id, source_id, channel, workspace)
       SELECT tenant_id, source_id, 'C1', %(team)s FROM source WHERE name = %(team)s || '-chat'""",
    """INSERT INTO transcript_message (tenant_id, source_id, channel, ts, thread, author, text,
                                       is_human, reading)
       SELECT tenant_id, source_id, 'C1', '1', '1', 'U1', 'Said in ' || %(team)s, true, 1
       FROM source WHERE name = %(team)s || '-chat'""",
)


@pytest.mark.parametrize("each_its_own", [False, True])
async def test_a_workspace_is_forgotten_and_others_are_not(
    pool: Pool, slack: SlackEmulator, each_its_own: bool
) -> None:
    world = World(pool, slack, each_its_own=each_its_own)
    for team in ("T0LEAVES", "T0STAYS"):
        await world.install(id=team, token=f"xoxb-{team}")
        tenant = await world.workspaces.resolve(Platform.SLACK, team)
        await fill(pool, str(tenant), team)
    before = (await dump(pool)).count("T0STAYS")
    forgetting = PostgresForgetting(pool)
    assert await forgetting.forget_workspace(Platform.SLACK, "T0NOWHERE") == []
    assert await forgetting.forget_workspace(Platform.SLACK, "T0LEAVES") == ["T0LEAVES"]
    after = await dump(pool)
    assert "T0LEAVES" not in after
    assert after.count("T0STAYS") == before


async def test_a_state_is_good_once_and_for_a_while(pool: Pool) -> None:
    states, elsewhere = PostgresInstallationStates(pool), PostgresInstallationStates(pool)
    state = await states.issue(600)
    assert not await elsewhere.consume("another")
    assert await elsewhere.consume(state)
    assert not await states.consume(state)
    assert not await states.consume(await states.issue(-1))
