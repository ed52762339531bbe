"""What holds in each channel: what was set for it, on top of what is usual."""

import time
from collections.abc import Callable, Mapping

from bot.channels.fields import overlay
from bot.model import ChannelSettings, Place
from bot.ports import ChannelStore
from retrieval.model import TenantId

LOOK_SECONDS = 1.0
"""How long what was read is used: what another process changes holds here after so long."""
MOST_HELD = 10_000

Key = tuple[str, str, str, str]


class ChannelBook:
    """Satisfies bot.ports.Channels. `usual` is what holds where a channel says nothing else."""

    def __init__(
        self,
        store: ChannelStore,
        usual: ChannelSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self.usual = usual
        self._clock = clock
        self._held: dict[Key, tuple[float, ChannelSettings]] = {}

    async def read(self, tenant: TenantId, place: Place) -> ChannelSettings:
        """The settings that hold in a place, at most LOOK_SECONDS old. Raises StoreUnavailable."""
        key, now = _name(tenant, place), self._clock()
        held = self._held.get(key)
        if held is not None and now - held[0] < LOOK_SECONDS:
            return held[1]
        settings = overlay(self.usual, await self._store.load(tenant, place))
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        self._held[key] = (now, settings)
        return settings

    async def change(
        self, tenant: TenantId, place: Place, changes: Mapping[str, str | None]
    ) -> tuple[ChannelSettings, ChannelSettings]:
        """Set these, as `read_setting` writes them, and unset what is None.

        Returns what held before and what holds now, here at once. Raises StoreUnavailable.
        """
        stored = dict(await self._store.change(tenant, place, changes))
        before = overlay(self.usual, stored)
        for name, text in changes.items():
            stored.pop(name, None)
            if text is not None:
                stored[name] = text
        self._held.pop(_name(tenant, place), None)
        return before, overlay(self.usual, stored)


def _name(tenant: TenantId, place: Place) -> Key:
    return tenant, place.platform.value, place.workspace, place.home
