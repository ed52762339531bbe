"""What works here: the page of help, for the place and the person who asks."""

from collections.abc import Awaitable, Callable

from agents.ports import SourceCatalog
from bot.model import ChannelKind, Person, Place, Platform
from bot.ports import Channels
from bot.rendering.help import HelpPage, compose_help
from bot.rendering.reply import Reply
from retrieval.model import AccessScope, TenantId

PublicScope = Callable[[TenantId, Place], Awaitable[AccessScope]]
"""What everyone who reads a place may read."""


class Guide:
    """Tells what the bot answers in a place and from what.

    `reads_all` tells of a platform whether what does not mention the bot is seen.
    """

    def __init__(
        self,
        channels: Channels,
        sources: SourceCatalog,
        scope_of: PublicScope,
        reads_all: Callable[[Platform], bool],
    ) -> None:
        self._channels = channels
        self._sources = sources
        self._scope_of = scope_of
        self._reads_all = reads_all

    async def compose(
        self,
        tenant: TenantId,
        place: Place,
        person: Person,
        *,
        admin: bool,
        private: bool = True,
        language: str = "en",
    ) -> Reply:
        """The page for a person, which names no source that not everyone here may read.

        Raises RetrievalError.
        """
        settings = await self._channels.read(tenant, place, person)
        readable = await self._sources.list_sources(await self._scope_of(tenant, place))
        page = HelpPage(
            platform=place.platform,
            direct=place.channel_kind is ChannelKind.DIRECT,
            settings=settings,
            sources=tuple(sorted(readable & (settings.sources or readable))),
            admin=admin,
            reads_all=self._reads_all(place.platform),
        )
        return compose_help(page, private=private, language=settings.language or language)
