"""OAuth: the page on which a person agrees, and the exchange of codes and refresh tokens."""

import base64
import binascii
import secrets
from typing import Any

from aiohttp import web

from .backend import Backend
from .errors import SlackError


class Installing:
    """Installs the app in workspaces. `gone` are tokens that were replaced and are good no more."""

    def __init__(self, backends: list[Backend]) -> None:
        self._backends = backends
        self._codes: dict[str, Backend] = {}
        self.gone: set[str] = set()

    async def handle_consent(self, request: web.Request) -> web.StreamResponse:
        """The page on which a person chooses a workspace (`team`), and agrees or not (`agree`)."""
        asked = request.query
        backend = next(b for b in self._backends if b.workspace.team_id == asked["team"])
        target = backend.redirect_url
        if asked["agree"] != "yes":
            raise web.HTTPFound(f"{target}?error=access_denied&state={asked['state']}")
        if asked["client_id"] != backend.app.client_id:
            raise web.HTTPBadRequest(text="invalid_client_id")
        backend.app.scopes = set(asked["scope"].split(","))
        code = secrets.token_hex(8)
        self._codes[code] = backend
        raise web.HTTPFound(f"{target}?code={code}&state={asked['state']}")

    def exchange(self, args: dict[str, Any]) -> dict[str, Any]:
        """oauth.v2.access, for a code or for a refresh token; each is good once."""
        first = self._backends[0].app
        if (args.get("client_id"), args.get("client_secret")) != (
            first.client_id,
            first.client_secret,
        ):
            raise SlackError("bad_client_secret")
        if args.get("grant_type") == "refresh_token":
            return self._issue(self._find_refreshed(str(args.get("refresh_token") or "")))
        backend = self._codes.pop(str(args.get("code")), None)
        if backend is None:
            raise SlackError("invalid_code")
        return self._issue(backend)

    def _find_refreshed(self, token: str) -> Backend:
        for backend in self._backends:
            if token and backend.app.refresh_token == token and backend.app.installed:
                return backend
        raise SlackError("invalid_refresh_token")

    def _issue(self, backend: Backend) -> dict[str, Any]:
        served = [
            each
            for each in self._backends
            if each is backend or (backend.org_wide and each.organisation == backend.organisation)
        ]
        app, rotates = backend.app, backend.rotates
        token = f"{'xoxe.' if rotates else ''}xoxb-{secrets.token_hex(12)}"
        refresh = f"xoxe-1-{secrets.token_hex(12)}" if rotates else ""
        self.gone.add(app.bot_token)
        for each in served:
            each.app.bot_token, each.app.refresh_token = token, refresh
            each.app.installed, each.org_wide = True, backend.org_wide
        workspace = backend.workspace
        backend.journal.append("app.token_issued", team=workspace.team_id)
        team = {"id": workspace.team_id, "name": workspace.team_name}
        organisation = backend.organisation
        return {
            "access_token": token,
            "token_type": "bot",
            "scope": ",".join(sorted(app.scopes)),
            "bot_user_id": app.bot_user,
            "app_id": app.app_id,
            "team": None if backend.org_wide else team,
            "enterprise": {"id": organisation, "name": organisation} if organisation else None,
            "is_enterprise_install": backend.org_wide,
            "authed_user": {"id": next(u.id for u in workspace.users.values() if u.is_admin)},
            **({"refresh_token": refresh, "expires_in": backend.token_seconds} if rotates else {}),
        }


def read_client(header: str) -> dict[str, str]:
    """Client id and secret of a Basic authorization; empty where it is none."""
    kind, _, credentials = header.partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return {}
    return {"client_id": name, "client_secret": secret}
