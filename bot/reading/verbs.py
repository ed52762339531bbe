"""/search, and what /sources shows to people who manage none."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.model import Claim
from bot.ports import Channels
from bot.reading.shelf import Shelf
from bot.rendering.compose import compose_words
from bot.rendering.findings import SEARCH_USAGE, compose_findings, compose_readable
from bot.rendering.phrases import choose_language
from bot.rendering.reply import Reply
from bot.verdict import Verb, Verdict

IN = "in:"
"""`/search in:handbook carry over` looks in one source."""


class ReadingVerbs:
    """Shows people what they may read, for them alone."""

    def __init__(self, shelf: Shelf, channels: Channels, now: Callable[[], datetime]) -> None:
        self._shelf = shelf
        self._channels = channels
        self._now = now

    async def search(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`/search [in:source] words`."""
        if claim.command is None:
            return None
        named = [word.removeprefix(IN) for word in words if word.startswith(IN)]
        wanted = " ".join(word for word in words if not word.startswith(IN))
        place, person = claim.command.place, claim.command.person
        settled = (await self._channels.read(claim.tenant, place, person)).language
        language = choose_language(settled, wanted)
        if not wanted or len(named) > 1:
            return _show(claim, compose_words(SEARCH_USAGE.say(language), private=True))
        source = named[0] if named else None
        found = await self._shelf.search(claim.tenant, place, person, wanted, source)
        return _show(claim, compose_findings(wanted, found, self._now(), language))

    async def list_sources(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`/sources` and `/sources list`; the rest is for admins."""
        if claim.command is None or tuple(words) not in {(), ("list",)}:
            return None
        place, person = claim.command.place, claim.command.person
        sources = await self._shelf.list_sources(claim.tenant, place, person)
        language = (await self._channels.read(claim.tenant, place, person)).language or "en"
        return _show(claim, compose_readable(sources, self._now(), language))


def build_reading_verbs(
    shelf: Shelf, channels: Channels, now: Callable[[], datetime]
) -> Mapping[str, Verb]:
    """The commands that everyone may give, by name."""
    return {"search": ReadingVerbs(shelf, channels, now).search}


def build_lesser_verbs(
    shelf: Shelf, channels: Channels, now: Callable[[], datetime]
) -> Mapping[str, Verb]:
    """What some of the admins' commands show to everyone else."""
    return {"sources": ReadingVerbs(shelf, channels, now).list_sources}


def _show(claim: Claim, reply: Reply) -> Verdict:
    return Verdict("shown", {f"{claim.item}:reply": reply}, audited=False, replaces=False)
