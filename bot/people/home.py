"""Home pages: what the bot knows for a person, what they chose, and what admins keep an eye on."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.errors import AppNotInstalled
from bot.model import Command, Person, Place, Standing, Wish
from bot.people.preferences import COMMAND, read_wish
from bot.ports import Channels, PreferenceStore, Prompts, Sources, Workspaces
from bot.reading.shelf import Shelf
from bot.rendering.home import Home
from bot.rendering.welcome import REFRESH, HomeFacts, ManagedSource, compose_home
from bot.rights import Rights
from bot.scopes import Scopes
from retrieval.model import TenantId


class HomePages:
    """Satisfies bot.ports.Homes.

    No model is asked and nothing is searched. Who may read what, and who is an admin, is found out
    as for commands, so that a page shows no more than `/sources` does.
    """

    def __init__(
        self,
        *,
        workspaces: Workspaces,
        scopes: Scopes,
        shelf: Shelf,
        channels: Channels,
        preferences: PreferenceStore,
        prompts: Prompts,
        rights: Rights,
        sources: Sources,
        now: Callable[[], datetime],
    ) -> None:
        self._workspaces = workspaces
        self._scopes = scopes
        self._shelf = shelf
        self._channels = channels
        self._preferences = preferences
        self._prompts = prompts
        self._rights = rights
        self._sources = sources
        self._now = now

    async def compose(self, place: Place, person: Person, *, replied: bool = False) -> Home:
        """The page of a person. Raises AppNotInstalled, RetrievalError."""
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is None:
            raise AppNotInstalled(f"The workspace {place.workspace} is not linked.")
        known = await self._scopes.describe(place, person)
        chosen = await self._preferences.read(tenant, place.platform, person.id)
        settings = await self._channels.read(tenant, place, person)
        facts = HomeFacts(
            sources=await self._shelf.list_sources(tenant, place, person),
            chosen=chosen,
            known=known.standing is not Standing.OUTSIDER,
            prompts=await self._prompts.suggest(place, person),
            managed=await self._list_managed(tenant, place, person),
        )
        language = settings.language or known.language or "en"
        return compose_home(facts, self._now(), language, replied=replied)

    async def take(self, command: Command) -> bool:
        """`preferences …` and `home`; everything else is for the inbox. Raises StoreUnavailable."""
        if command.name == REFRESH:
            return True
        wish = read_wish(command.words) if command.name == COMMAND else None
        if wish is None or wish == Wish():
            return False
        place = command.place
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is not None:
            await self._preferences.change(tenant, place, command.person, wish)
        return True

    async def _list_managed(
        self, tenant: TenantId, place: Place, person: Person
    ) -> Sequence[ManagedSource] | None:
        """Every source, for admins alone."""
        if not await self._rights.is_admin(tenant, place, person):
            return None
        overviews = await self._sources.list_overviews(tenant)
        runs = {run.source: run for run in await self._sources.latest_runs(tenant)}
        return [ManagedSource(overview, runs.get(overview.name)) for overview in overviews]
