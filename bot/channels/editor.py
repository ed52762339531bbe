"""Changes what holds in a channel, once all of it was checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.channels.book import ChannelBook
from bot.channels.fields import FIELDS, find_field, read_setting
from bot.errors import InvalidSetting
from bot.model import ChannelKind, ChannelMode, ChannelSettings, Place, Platform, Visibility
from bot.ports import Sources
from retrieval.model import TenantId

NOTHING = "nothing"
DIRECT = "Direct messages have no settings of their own. Give the command in a channel."
UNREAD = (
    "Discord does not let me read what does not mention me. In the developer portal, under Bot, "
    "turn on Message Content Intent; I see it when I start the next time."
)
WHISPERED = "Answers to mentions are sent as direct messages here; with /ask, they stay in place."


class InvalidSettings(Exception):
    """Some of what was typed cannot be used: `faults` says why, by the name of the setting."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" ".join(faults.values()))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Changed:
    """What is different now, each as (name, before, after); `notices` is what to mind."""

    settings: ChannelSettings
    lines: tuple[tuple[str, str, str], ...]
    notices: tuple[str, ...] = ()

    def describe(self) -> str:
        """'mode: threads → auto; language: nothing → de'; '' where nothing is different."""
        return "; ".join(f"{name}: {before} → {after}" for name, before, after in self.lines)


class ChannelEditor:
    """Checks and changes settings.

    `reads_all` tells of a platform whether what does not mention the bot is seen.
    """

    def __init__(
        self, book: ChannelBook, sources: Sources, reads_all: Callable[[Platform], bool]
    ) -> None:
        self._book = book
        self._sources = sources
        self._reads_all = reads_all

    async def read(self, tenant: TenantId, place: Place) -> ChannelSettings:
        """What holds in the place. Raises StoreUnavailable."""
        return await self._book.read(tenant, place)

    @property
    def usual(self) -> ChannelSettings:
        """What holds where a channel says nothing else."""
        return self._book.usual

    async def set(self, tenant: TenantId, place: Place, typed: Mapping[str, str]) -> Changed:
        """Set what was typed, all of it or nothing. Raises InvalidSettings, StoreUnavailable."""
        changes: dict[str, str | None] = {}
        faults: dict[str, str] = {}
        for name, text in typed.items():
            try:
                changes[find_field(name).name] = read_setting(name, text)
            except InvalidSetting as error:
                faults[name] = str(error)
        if unknown := await self._find_unknown(tenant, changes.get("sources")):
            faults["sources"] = unknown
        if place.channel_kind is ChannelKind.DIRECT:
            faults.setdefault("mode", DIRECT)
        if faults:
            raise InvalidSettings(faults)
        usual = {name: FIELDS[name].show(self._book.usual) for name in changes}
        kept = {name: None if text == usual[name] else text for name, text in changes.items()}
        return await self._change(tenant, place, kept)

    async def reset(self, tenant: TenantId, place: Place, name: str = "") -> Changed:
        """Have one setting, or all, as usual again. Raises InvalidSettings, StoreUnavailable."""
        try:
            names = [find_field(name).name] if name else list(FIELDS)
        except InvalidSetting as error:
            raise InvalidSettings({name: str(error)}) from error
        return await self._change(tenant, place, dict.fromkeys(names))

    async def _change(
        self, tenant: TenantId, place: Place, changes: Mapping[str, str | None]
    ) -> Changed:
        before, after = await self._book.change(tenant, place, changes)
        shown = [(f.name, f.show(before), f.show(after)) for f in FIELDS.values()]
        lines = tuple((name, a or NOTHING, b or NOTHING) for name, a, b in shown if a != b)
        return Changed(after, lines, tuple(self._warn(place.platform, after)))

    async def _find_unknown(self, tenant: TenantId, text: str | None) -> str:
        """Which of the sources there are none, in words; '' where all are there."""
        wanted = FIELDS["sources"].read(text or "")
        if not wanted:
            return ""
        known = await self._sources.list_names(tenant)
        unknown = sorted(wanted - set(known))
        if not unknown:
            return ""
        there = f"The sources are: {', '.join(known)}." if known else "There are no sources yet."
        return f"There is no source named {' or '.join(unknown)}. {there}"

    def _warn(self, platform: Platform, settings: ChannelSettings) -> list[str]:
        if platform is not Platform.DISCORD:
            return []
        unread = settings.mode is ChannelMode.AUTO and not self._reads_all(platform)
        whispered = settings.visibility is Visibility.PRIVATE
        return [UNREAD] * unread + [WHISPERED] * whispered
