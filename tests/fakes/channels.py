"""How channels are set up, in memory."""

from collections.abc import Mapping

from bot.model import ChannelSettings, Place
from retrieval.model import TenantId


class InMemoryChannels:
    """Satisfies Channels: the same settings everywhere but in the channels of `own`, by id."""

    def __init__(self, settings: ChannelSettings | None = None, **own: ChannelSettings) -> None:
        self.settings = settings or ChannelSettings()
        self.own = own

    async def read(self, tenant: TenantId, place: Place) -> ChannelSettings:
        return self.own.get(place.channel, self.settings)


class InMemoryChannelStore:
    """Satisfies ChannelStore; `loads` counts how often it was asked."""

    def __init__(self) -> None:
        self.loads = 0
        self._channels: dict[tuple[str, str, str, str], dict[str, str]] = {}

    async def load(self, tenant: TenantId, place: Place) -> Mapping[str, str]:
        self.loads += 1
        return dict(self._find(tenant, place))

    async def change(
        self, tenant: TenantId, place: Place, changes: Mapping[str, str | None]
    ) -> Mapping[str, str]:
        channel = self._find(tenant, place)
        before = dict(channel)
        for name, text in changes.items():
            channel.pop(name, None)
            if text is not None:
                channel[name] = text
        return before

    def _find(self, tenant: TenantId, place: Place) -> dict[str, str]:
        key = (tenant, place.platform.value, place.workspace, place.home)
        return self._channels.setdefault(key, {})
