"""What holds in each channel: what was set for it, on top of what is usual."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.channels.fields import overlay
from bot.model import ChannelSettings, Person, Place
from bot.ports import ChannelStore, PreferenceStore
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
        preferences: PreferenceStore,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self.usual = usual
        self._preferences = preferences
        self._clock = clock
        self._held: dict[Key, tuple[float, Mapping[str, str]]] = {}

    async def read(
        self, tenant: TenantId, place: Place, person: Person | None = None
    ) -> ChannelSettings:
        """The settings that hold in a place, at most LOOK_SECONDS old. Raises StoreUnavailable.

        Towards a `person`, the language that they chose goes before the usual one.
        """
        stored = await self._load(tenant, place)
        if person is None:
            return overlay(self.usual, stored)
        chosen = (await self._preferences.read(tenant, place.platform, person.id)).language
        settings = overlay(replace(self.usual, language=chosen or self.usual.language), stored)
        return replace(settings, language=settings.language or chosen)

    async def _load(self, tenant: TenantId, place: Place) -> Mapping[str, str]:
        key, now = _name(tenant, place), self._clock()
        held = self._held.get(key)
        if held is not None and now - held[0] < LOOK_SECONDS:
            return held[1]
        stored = await self._store.load(tenant, place)
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        self._held[key] = (now, stored)
        return stored

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
