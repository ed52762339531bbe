"""Names of sources that are suggested to a person while a search is typed."""

from collections.abc import Sequence

from bot.model import Person, Place
from bot.ports import Workspaces
from bot.reading.shelf import Shelf


class ReadableNames:
    """Satisfies bot.ports.SourceNames: whoever types is shown what they may read."""

    def __init__(self, shelf: Shelf, workspaces: Workspaces) -> None:
        self._shelf = shelf
        self._workspaces = workspaces

    async def list_for(self, place: Place, person: Person) -> Sequence[str]:
        """The names of the sources that this person may read. Raises RetrievalError."""
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is None:
            return ()
        return [each.name for each in await self._shelf.list_sources(tenant, place, person)]
