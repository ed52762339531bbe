"""How channels are set up, in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.channels.guide import Guide
from bot.channels.limits import Limits
from bot.model import (
    Bounds,
    ChannelSettings,
    Limit,
    Person,
    Place,
    Platform,
    Preferences,
    ThreadKey,
    Wish,
)
from bot.ports import Channels
from retrieval.model import EVERYONE, AccessScope, TenantId


class InMemoryChannels:
    """Satisfies Channels: the same settings everywhere but in the channels of `own`, by id."""

    def __init__(self, settings: ChannelSettings | None = None, **own: ChannelSettings) -> None:
        self.settings = settings or ChannelSettings()
        self.own = own
        self.preferences = InMemoryPreferences()

    async def read(
        self, tenant: TenantId, place: Place, person: Person | None = None
    ) -> ChannelSettings:
        settings = self.own.get(place.channel, self.settings)
        if person is None:
            return settings
        chosen = await self.preferences.read(tenant, place.platform, person.id)
        return replace(settings, language=settings.language or chosen.language)


def grant(wish: Wish, before: Preferences) -> Preferences:
    """What holds after a wish."""
    language = before.language if wish.language is None else wish.language
    offers = before.offers if wish.offers is None else wish.offers
    return Preferences(language, offers)


class InMemoryPreferences:
    """Satisfies PreferenceStore. What was chosen, by person."""

    def __init__(self) -> None:
        self.chosen: dict[str, Preferences] = {}

    async def read(self, tenant: TenantId, platform: Platform, person: str) -> Preferences:
        return self.chosen.get(person, Preferences())

    async def change(
        self, tenant: TenantId, place: Place, person: Person, wish: Wish
    ) -> Preferences:
        self.chosen[person.id] = grant(wish, self.chosen.get(person.id, Preferences()))
        return self.chosen[person.id]

    async def forget(self, tenant: TenantId, platform: Platform, person: str) -> None:
        self.chosen.pop(person, None)


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


class InMemoryAllowances:
    """Satisfies Allowances."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], tuple[float, datetime]] = {}

    async def take(
        self, tenant: TenantId, limits: Sequence[Limit], now: datetime
    ) -> Mapping[str, float]:
        levels = {limit.name: self._drain(tenant, limit, now) for limit in limits}
        over = {limit.name: levels[limit.name] + 1 - limit.most for limit in limits}
        short = {name: excess for name, excess in over.items() if excess > 1e-6}
        if not short:
            for name, level in levels.items():
                self._levels[tenant, name] = (level + 1, now)
        return short

    async def spend(
        self, tenant: TenantId, names: Sequence[str], amount: float, now: datetime
    ) -> None:
        for name in names:
            level, _ = self._levels.get((tenant, name), (0.0, now))
            self._levels[tenant, name] = (level + amount, now)

    async def read(self, tenant: TenantId, names: Sequence[str]) -> Mapping[str, float]:
        return {
            name: self._levels[tenant, name][0] for name in names if (tenant, name) in self._levels
        }

    def _drain(self, tenant: TenantId, limit: Limit, now: datetime) -> float:
        level, at = self._levels.get((tenant, limit.name), (0.0, now))
        return max(0.0, level - limit.drain * max(0.0, (now - at).total_seconds()))


class InMemoryCatalog:
    """Satisfies SourceCatalog: sources by name, with who may read them."""

    def __init__(self, **audiences: str) -> None:
        self.audiences = audiences or {"handbook": EVERYONE}

    async def list_sources(self, scope: AccessScope) -> frozenset[str]:
        return frozenset(
            name for name, audience in self.audiences.items() if audience in scope.readers
        )


async def read_scope(tenant: TenantId, place: Place) -> AccessScope:
    """What everyone who reads a place may read."""
    return AccessScope(tenant, frozenset({EVERYONE, f"{place.platform}:channel:{place.channel}"}))


def make_guide(
    channels: Channels, catalog: InMemoryCatalog | None = None, *, reads_all: bool = True
) -> Guide:
    """A guide over sources in memory."""
    return Guide(channels, catalog or InMemoryCatalog(), read_scope, lambda _: reads_all)


def make_limits(bounds: Bounds | None = None) -> Limits:
    """Limits counted in memory, as of now; none unless they are given."""
    return Limits(InMemoryAllowances(), bounds or Bounds(), now=lambda: datetime.now(UTC))


class InMemoryKeepsakes:
    """Satisfies Keepsakes and Memory. `threads` are those of each person."""

    def __init__(self, **threads: list[str]) -> None:
        self.threads = threads
        self.forgotten: list[str] = []
        self.blanked: list[str] = []
        self.voters: set[str] = set()

    async def list_threads(
        self, tenant: TenantId, place: Place, person: Person, *, everywhere: bool
    ) -> list[ThreadKey]:
        own = self.threads.get(person.id, [])
        return [ThreadKey(each) for each in own if everywhere or f":{place.home}:" in each]

    async def blank(
        self, tenant: TenantId, place: Place, person: Person, threads: Sequence[ThreadKey]
    ) -> None:
        self.blanked += threads
        self.threads[person.id] = [t for t in self.threads.get(person.id, []) if t not in threads]

    async def keeps_more(self, tenant: TenantId, place: Place, person: Person) -> bool:
        return person.id in self.voters

    async def forget_more(self, tenant: TenantId, place: Place, person: Person) -> None:
        self.voters.discard(person.id)

    async def forget(self, tenant: TenantId, thread: str) -> None:
        self.forgotten.append(thread)
