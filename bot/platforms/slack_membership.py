"""In which workspaces the app is, as events tell: who we are there, and who let the app go.

https://docs.slack.dev/reference/events/app_uninstalled, tokens_revoked, team_access_revoked.
"""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.errors import AppNotInstalled
from bot.model import Platform
from bot.platforms.slack_account import SlackAccounts, SlackIdentity
from bot.platforms.slack_events import read_organisation, read_team
from bot.ports import Installations, Workspaces

PARTINGS = frozenset({"app_uninstalled", "tokens_revoked", "team_access_revoked"})
"""Events that tell that the app may not work somewhere any more."""

Payload = Mapping[str, Any]

log = logging.getLogger(__name__)


class SlackMembership:
    """Knows who we are where an event came from; `installations` is None with a static token."""

    def __init__(
        self,
        accounts: SlackAccounts,
        workspaces: Workspaces,
        installations: Installations | None = None,
    ) -> None:
        self._accounts = accounts
        self._workspaces = workspaces
        self._installations = installations

    async def identify(self, payload: Payload) -> SlackIdentity | None:
        """Who we are in the workspace of a payload; None where the app is not installed.

        A workspace that an organisation has let the app into is linked when it is first heard of.
        Raises StoreUnavailable, ConnectionRefused.
        """
        team = read_team(payload)
        try:
            return await (await self._accounts.find(team)).identify()
        except AppNotInstalled:
            if await self._link_member(team, payload):
                return await (await self._accounts.find(team)).identify()
        log.warning("slack: the app is not installed in %s; its events are ignored", team)
        return None

    async def _link_member(self, team: str, payload: Payload) -> bool:
        organisation = read_organisation(payload)
        if not organisation or not team or self._installations is None:
            return False
        installation = await self._installations.find(organisation)
        if installation is None:
            return False
        await self._workspaces.link(
            Platform.SLACK, team, installation.name, organisation=organisation
        )
        log.info("slack: the workspace %s belongs to %s", team, organisation)
        return True

    async def part(self, payload: Payload) -> None:
        """Let go of what an event of PARTINGS names: its tokens are deleted, the workspace is
        unlinked. What is stored stays. Raises StoreUnavailable.
        """
        event = payload["event"]
        if event["type"] == "team_access_revoked":
            for team in event.get("team_ids") or ():
                await self._workspaces.unlink(Platform.SLACK, str(team))
            return
        if event["type"] == "tokens_revoked" and not (event.get("tokens") or {}).get("bot"):
            return
        home = read_organisation(payload) or read_team(payload) or payload.get("enterprise_id")
        if not home:
            return
        if self._installations is not None:
            # In whole seconds: what was installed within that second came before.
            at = datetime.fromtimestamp(float(payload.get("event_time") or 0) + 0.999_999, UTC)
            await self._installations.remove(home, at)
            if await self._installations.find(home) is not None:
                return  # installed again since
        await self._workspaces.unlink(Platform.SLACK, home)
        log.warning("slack: %s let the app go (%s)", home, event["type"])
