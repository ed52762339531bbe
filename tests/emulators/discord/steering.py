"""Setting up the world and making it misbehave."""

from typing import Any

from . import permissions, render
from .clock import Clock
from .errors import DriverError
from .faults import Fault, FaultQueue, RateLimits
from .gateway import Gateway
from .intents import PRIVILEGED
from .models import DM, FORUM, GUILD_CATEGORY, GUILD_NEWS, GUILD_TEXT, Guild, Overwrite
from .state import World

KINDS = {"text": GUILD_TEXT, "news": GUILD_NEWS, "category": GUILD_CATEGORY, "forum": FORUM}


class Steering:
    """The part of the driver that is no person: set-up, clock, faults and gateway failures."""

    def __init__(
        self, world: World, gateway: Gateway, faults: FaultQueue, limits: RateLimits, clock: Clock
    ) -> None:
        self.world = world
        self.gateway = gateway
        self.faults = faults
        self.limits = limits
        self.clock = clock

    # the world

    async def directory(self) -> dict[str, Any]:
        """Who and what exists, by name: ids of the bot, guilds, channels, roles and people.

        Also `threads` and `direct` (ids), and how many gateway `sessions` are live.
        """
        world = self.world
        return {
            "bot": {"id": str(world.bot.id), "name": world.bot.name},
            "application_id": str(world.application_id),
            "users": {user.name: str(user.id) for user in world.users.values()},
            "guilds": {guild.name: self._guild_entry(guild) for guild in world.guilds.values()},
            "threads": [str(c.id) for c in world.channels.values() if c.is_thread],
            "direct": [str(c.id) for c in world.channels.values() if c.type == DM],
            "sessions": sum(s.connection is not None for s in self.gateway.sessions.values()),
        }

    def _guild_entry(self, guild: Guild) -> dict[str, Any]:
        world = self.world
        return {
            "id": str(guild.id),
            "owner": world.users[guild.owner_id].name,
            "members": [world.users[number].name for number in guild.members],
            "roles": {role.name: str(role.id) for role in guild.roles.values()},
            "channels": {c.name: str(c.id) for c in world.guild_channels(guild)},
        }

    def _role_ids(self, guild: Guild, names: Any) -> list[int]:
        known = {str(key): role.id for role in guild.roles.values() for key in (role.id, role.name)}
        missing = [name for name in names if str(name) not in known]
        if missing:
            raise DriverError(f"there are no roles {missing} in {guild.name}")
        return [known[str(name)] for name in names]

    async def add_user(
        self,
        name: str,
        *,
        display_name: str | None = None,
        bot: bool = False,
        locale: str = "en-US",
        accepts_direct: bool = True,
        guild: Any = None,
        roles: tuple[str, ...] = (),
        join: bool = True,
    ) -> dict[str, Any]:
        """A new person (or other bot), a member of the guild unless `join` is False."""
        user = self.world.add_user(
            name, display_name=display_name, bot=bot, locale=locale, accepts_direct=accepts_direct
        )
        if join:
            await self.add_member(user.id, guild, roles=roles)
        return render.user(user)

    async def add_guild(
        self,
        name: str,
        owner: Any,
        *,
        members: tuple[str, ...] = (),
        channels: tuple[str, ...] = ("general",),
        locale: str = "en-US",
    ) -> dict[str, Any]:
        """A new guild with the bot in it; returns its entry of the directory."""
        world = self.world
        guild = world.add_guild(name, world.find_user(owner), locale=locale)
        for who in members:
            world.add_member(guild, world.find_user(who))
        for channel in channels:
            world.add_channel(guild, channel)
        return self._guild_entry(guild)

    async def add_role(
        self, name: str, granted: tuple[str, ...] = (), *, guild: Any = None
    ) -> dict[str, Any]:
        """A role with these permissions, by name as in `permissions.BITS`."""
        home = self.world.find_guild(guild)
        return render.role(self.world.add_role(home, name, permissions.bits(granted)))

    async def add_member(
        self, user: Any, guild: Any = None, *, roles: tuple[str, ...] = ()
    ) -> None:
        """Let a person join a guild."""
        home = self.world.find_guild(guild)
        self.world.add_member(home, self.world.find_user(user), self._role_ids(home, roles))

    async def set_roles(self, user: Any, roles: list[str], *, guild: Any = None) -> None:
        """Give a member exactly these roles (the bot too: its managed role is named like it)."""
        home = self.world.find_guild(guild)
        self.world.set_roles(home, self.world.find_user(user), self._role_ids(home, roles))

    async def remove_member(self, user: Any, guild: Any = None) -> None:
        """Let a person leave; for the bot: remove it from the guild."""
        self.world.remove_member(self.world.find_guild(guild), self.world.find_user(user))

    async def add_channel(
        self,
        name: str,
        *,
        kind: str = "text",
        guild: Any = None,
        topic: str | None = None,
        only_for: tuple[str, ...] | None = None,
        tags: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        """A text, news or forum channel; `only_for` makes it private to these roles and users."""
        home = self.world.find_guild(guild)
        overwrites = None if only_for is None else self._private(home, only_for)
        channel = self.world.add_channel(
            home, name, kind=KINDS[kind], topic=topic, overwrites=overwrites, tags=tuple(tags)
        )
        return render.channel(self.world, channel)

    def _private(self, guild: Guild, only_for: Any) -> list[Overwrite]:
        view = permissions.BITS["view_channel"]
        overwrites = [Overwrite(guild.id, 0, deny=view)]
        roles = {str(key): r.id for r in guild.roles.values() for key in (r.id, r.name)}
        for name in only_for:
            if str(name) in roles:
                overwrites.append(Overwrite(roles[str(name)], 0, allow=view))
            else:
                overwrites.append(Overwrite(self.world.find_user(name).id, 1, allow=view))
        return overwrites

    async def set_overwrite(
        self, channel: Any, whom: str, *, allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()
    ) -> None:
        """Set the overwrite of a role (`@everyone` too) or user on a channel."""
        place = self.world.find_channel(channel)
        guild = self.world.guilds[place.guild_id or 0]
        roles = {str(key): r.id for r in guild.roles.values() for key in (r.id, r.name)}
        is_role = str(whom) in roles
        number = roles[str(whom)] if is_role else self.world.find_user(whom).id
        place.overwrites = [o for o in place.overwrites if o.id != number]
        bits = permissions.bits
        place.overwrites.append(Overwrite(number, 0 if is_role else 1, bits(allow), bits(deny)))
        self.world.emit_channel("CHANNEL_UPDATE", place)

    async def remove_channel(self, channel: Any) -> None:
        """Delete a channel or thread."""
        self.world.remove_channel(self.world.find_channel(channel))

    async def install(self, user: Any) -> None:
        """Let a person install the application for themselves, for wherever they are."""
        self.world.installed_by.add(self.world.find_user(user).id)

    async def open_group(self, *users: Any) -> dict[str, Any]:
        """A channel in which people talk to each other, without the bot."""
        people = [self.world.find_user(user) for user in users]
        return render.channel(self.world, self.world.open_group(people))

    async def set_accepts_direct(self, user: Any, accepts: bool) -> None:
        """Whether a person takes direct messages (50007 if not)."""
        self.world.find_user(user).accepts_direct = accepts

    async def set_privileged_intents(self, names: list[str]) -> None:
        """Grant the application these of `members`, `presences`, `message_content`."""
        self.world.privileged = sum(PRIVILEGED[name] for name in names)

    # time, faults and limits

    async def advance(self, seconds: float) -> None:
        """Let time pass at once, e.g. for the 3 s and 15 min rules."""
        self.clock.advance(seconds)
        self.world.journal.append("discord.advanced", seconds=seconds)

    async def freeze(self) -> None:
        """Stop the clock."""
        self.clock.freeze()

    async def thaw(self) -> None:
        """Let the clock run again."""
        self.clock.thaw()

    async def add_fault(self, kind: str, method: str = "*", path: str = "*", **more: Any) -> None:
        """Queue a fault; see `faults.Fault` for kinds and fields."""
        self.faults.add(Fault(kind, method, path, **more))

    async def clear_faults(self) -> None:
        """Drop the faults that are still queued."""
        self.faults.clear()

    async def pending_faults(self) -> int:
        """How many failures are still to come."""
        return self.faults.pending

    async def set_rate_limit(self, bucket: str, limit: int, per: float) -> None:
        """Limit a bucket such as `messages.create` (per channel) or `global`."""
        self.limits.set(bucket, limit, per)

    # the gateway

    async def ask_reconnect(self) -> int:
        """Op 7 to every session."""
        return self.gateway.ask_reconnect()

    async def invalidate_sessions(self, *, resumable: bool = False) -> int:
        """Op 9 to every session."""
        return self.gateway.invalidate(resumable=resumable)

    async def close_gateway(self, code: int = 4000) -> int:
        """Close every gateway connection with this code."""
        return self.gateway.close_all(code)

    async def abort_gateway(self) -> int:
        """Cut every gateway connection without a closing handshake."""
        return self.gateway.abort_all()

    async def mute_gateway(self) -> int:
        """Half-open every gateway connection: it stays up and says nothing more."""
        return self.gateway.mute_all()

    # the record

    async def journal(self, since: int = 0, kind: str | None = None) -> list[dict[str, Any]]:
        """Entries after `since`, as `{"seq", "at", "kind", "data"}`."""
        return [
            {"seq": e.seq, "at": e.at, "kind": e.kind, "data": dict(e.data)}
            for e in self.world.journal.entries[since:]
            if kind in (None, e.kind)
        ]

    async def wait_for_change(self, since: int = 0, timeout: float = 10) -> int:
        """Wait until the journal is longer than `since`, at most `timeout` seconds; its length."""
        journal = self.world.journal
        if timeout > 0 and len(journal) <= since:
            try:
                await journal.wait_for(lambda: len(journal) > since, timeout)
            except TimeoutError:
                return len(journal)
        return len(journal)
