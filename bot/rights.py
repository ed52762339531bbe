"""Who may manage sources: asked anew each time, and failing closed."""

import logging
from collections.abc import Mapping, Sequence

from bot.errors import BotError
from bot.model import ChannelKind, Person, Place, Platform
from bot.ports import Admins, Directory, Sources, Workspaces
from retrieval.model import TenantId

_log = logging.getLogger(__name__)


class Rights:
    """Knows admins. `listed` holds entries as in FOOTNOTE_ADMINS: 'slack:U…', 'discord:…'."""

    def __init__(
        self,
        admins: Admins,
        directories: Mapping[Platform, Directory],
        *,
        listed: frozenset[str] = frozenset(),
    ) -> None:
        self._admins = admins
        self._directories = directories
        self._listed = listed

    async def is_admin(self, tenant: TenantId, place: Place, person: Person) -> bool:
        """Whether this person is an admin; where the platform gives no answer, its rights lapse."""
        if f"{place.platform}:{person.id}" in self._listed:
            return True
        if await self._admins.is_admin(tenant, place.platform, person.id):
            return True
        directory = self._directories.get(place.platform)
        if directory is None or _is_outside(place):
            return False
        try:
            return (await directory.describe(place, person)).may_manage
        except BotError as error:
            _log.warning("The rights of %s could not be read: %s", person.id, error)
            return False


def _is_outside(place: Place) -> bool:
    """Whether a place belongs to no server: in Discord, people write directly outside of them."""
    return place.platform is Platform.DISCORD and place.channel_kind is ChannelKind.DIRECT


class AdminSuggestions:
    """Satisfies bot.ports.SourceNames: admins are shown the sources, others nothing."""

    def __init__(self, rights: Rights, sources: Sources, workspaces: Workspaces) -> None:
        self._rights = rights
        self._sources = sources
        self._workspaces = workspaces

    async def list_for(self, place: Place, person: Person) -> Sequence[str]:
        """The names that this person may sync here, 'all' among them."""
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is None or not await self._rights.is_admin(tenant, place, person):
            return ()
        names = await self._sources.list_names(tenant)
        return (*names, "all") if names else ()
