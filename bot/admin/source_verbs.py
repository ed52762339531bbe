"""The verbs of /sources, but for adding one, which a form does (bot/admin/forms.py)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.admin.schedules import read_timing
from bot.model import Claim
from bot.ports import Sources
from bot.rendering.report import (
    compose_removal,
    compose_sources,
    compose_trial,
    count_documents,
    describe_next,
)
from bot.verdict import Verdict, answer, say
from retrieval.errors import SourceUnreadable

YES = "yes"
NEVER = "none"


class SourceVerbs:
    """Lists, tries, removes and times sources. `kinds` are the kinds of source, in words."""

    def __init__(
        self, sources: Sources, kinds: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self._sources = sources
        self._kinds = kinds
        self._now = now
        self._on_one = {
            "test": self._test,
            "remove": self._ask_removal,
            "pause": self._pause,
            "resume": self._resume,
        }

    async def perform(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """Carry out the words after /sources; None where they are not understood.

        Raises RetrievalError: UnknownSource and InvalidSource in words for the admin.
        """
        match words:
            case () | ("list",):
                overviews = await self._sources.list_overviews(claim.tenant)
                return answer(claim, "shown", compose_sources(overviews, self._now()))
            case (verb, name) if verb in self._on_one:
                return await self._on_one[verb](claim, name)
            case ("remove", name, word) if word == YES:
                return await self._remove(claim, name)
            case ("schedule", name, _, *_):
                return await self._schedule(claim, name, words[2:])
            case ("add", *_):
                return self._explain_adding(claim)
            case _:
                return None

    async def _test(self, claim: Claim, name: str) -> Verdict:
        try:
            trial = await self._sources.test(claim.tenant, name)
        except SourceUnreadable as error:
            return say(claim, "unreadable", f"{name} cannot be read: {error}", str(error))
        return answer(claim, "readable", compose_trial(name, trial))

    async def _remove(self, claim: Claim, name: str) -> Verdict:
        count = count_documents(await self._sources.remove(claim.tenant, name))
        words = f"{name} is removed, with the {count} that were read from it."
        return say(claim, "removed", words, f"{count} → none")

    async def _ask_removal(self, claim: Claim, name: str) -> Verdict:
        documents = (await self._sources.describe(claim.tenant, name)).documents
        return answer(claim, "asked", compose_removal(name, documents))

    async def _pause(self, claim: Claim, name: str) -> Verdict:
        if (await self._sources.describe(claim.tenant, name)).paused:
            return say(claim, "unchanged", f"{name} is paused already.")
        await self._sources.pause(claim.tenant, name)
        words = (
            f"{name} is paused: neither its schedule nor `/sync all` reads it. "
            f"`/sources resume {name}` goes on."
        )
        return say(claim, "paused", words, "active → paused")

    async def _resume(self, claim: Claim, name: str) -> Verdict:
        if not (await self._sources.describe(claim.tenant, name)).paused:
            return say(claim, "unchanged", f"{name} is not paused.")
        after = await self._sources.resume(claim.tenant, name)
        words = f"{name} goes on."
        if after.next_sync is not None:
            words += f" It is read {describe_next(after.next_sync, self._now())}."
        return say(claim, "resumed", words, "paused → active")

    async def _schedule(self, claim: Claim, name: str, words: Sequence[str]) -> Verdict:
        timing = read_timing(words)
        before = await self._sources.describe(claim.tenant, name)
        after = await self._sources.set_schedule(
            claim.tenant, name, timing.cron, timing.zone, timing.window
        )
        detail = f"{before.schedule or NEVER} → {after.schedule or NEVER}"
        if not after.schedule:
            return say(claim, "scheduled", f"{name} is not read by itself any more.", detail)
        told = f"{name} is read by itself: {after.schedule}."
        if after.paused:
            told += f" It is paused, though; `/sources resume {name}` goes on."
        elif after.next_sync is not None:
            told += f" The next time is {describe_next(after.next_sync, self._now())}."
        return say(claim, "scheduled", told, detail)

    def _explain_adding(self, claim: Claim) -> Verdict:
        if not self._kinds:
            words = "Sources are added on the server here, with `footnote sources add`."
            return say(claim, "invalid", words)
        kinds = "\n".join(f"{name}: {words}" for name, words in self._kinds.items())
        words = f"`/sources add kind` opens a form. The kinds of source are:\n{kinds}"
        return say(claim, "invalid", words)
