"""How much may be asked: by a person, in a channel, by a tenant; in a while and in a day."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.model import Bounds, ChannelSettings, IncomingMessage, Limit, Place
from bot.ports import Allowances
from retrieval.model import TenantId

BOT_QUESTIONS_AN_HOUR = 20
"""How often another bot is answered in a channel, where it is allowed to ask."""


class Limits:
    """Admits questions, and knows whether there is money for a chat model."""

    def __init__(
        self, allowances: Allowances, bounds: Bounds, *, now: Callable[[], datetime]
    ) -> None:
        self._allowances = allowances
        self._bounds = bounds
        self._now = now

    async def admit(
        self, tenant: TenantId, message: IncomingMessage, settings: ChannelSettings
    ) -> timedelta | None:
        """Count a question; how long to wait where it is one too many. Raises StoreUnavailable."""
        now = self._now()
        limits = self._list_limits(message, settings, now)
        short = await self._allowances.take(tenant, limits, now) if limits else {}
        if not short:
            return None
        tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        drains = {limit.name: limit.drain for limit in limits}
        waits = [
            timedelta(seconds=over / drains[name]) if drains[name] else tomorrow - now
            for name, over in short.items()
        ]
        return max(waits)

    async def may_pay(self, tenant: TenantId, place: Place) -> bool:
        """Whether the day's money is not spent yet. Raises StoreUnavailable."""
        bounds = self._list_costs(place, self._now())
        used = await self._allowances.read(tenant, [name for name, _ in bounds]) if bounds else {}
        return all(used.get(name, 0.0) < most for name, most in bounds)

    async def charge(self, tenant: TenantId, place: Place, cost: float | None) -> None:
        """Note what an answer cost, in US dollars. Raises StoreUnavailable."""
        now = self._now()
        names = [name for name, _ in self._list_costs(place, now)]
        if cost and names:
            await self._allowances.spend(tenant, names, cost, now)

    def _list_limits(
        self, message: IncomingMessage, settings: ChannelSettings, now: datetime
    ) -> Sequence[Limit]:
        place, person, bounds = message.place, message.person, self._bounds
        where = _name(place)
        who = f"{place.platform}:{place.workspace}:{person.id}"
        paces = [
            ("tenant", bounds.tenant, 60),
            (f"channel:{where}", bounds.channel, 60),
            (f"person:{who}", bounds.person, 60),
            (f"bot:{where}:{person.bot}", BOT_QUESTIONS_AN_HOUR if person.bot else None, 3_600),
        ]
        days = [
            (f"day:{now:%Y-%m-%d}:tenant", bounds.tenant_day),
            (f"day:{now:%Y-%m-%d}:channel:{where}", settings.budget),
        ]
        return [
            *(Limit(name, most, most / seconds) for name, most, seconds in paces if most),
            *(Limit(name, most, 0.0) for name, most in days if most),
        ]

    def _list_costs(self, place: Place, now: datetime) -> list[tuple[str, float]]:
        costs = [
            (f"cost:{now:%Y-%m-%d}:tenant", self._bounds.tenant_cost),
            (f"cost:{now:%Y-%m-%d}:channel:{_name(place)}", self._bounds.channel_cost),
        ]
        return [(name, most) for name, most in costs if most is not None]


def _name(place: Place) -> str:
    return f"{place.platform}:{place.workspace}:{place.home}"
