"""/forget: a person has the bot forget the conversations in which they took part."""

from collections.abc import Sequence

from bot.model import Claim, Command, Preferences
from bot.ports import Channels, Keepsakes, Memory, PreferenceStore
from bot.rendering.compose import compose_words
from bot.rendering.phrases import choose_language, forgetting
from bot.rendering.reply import Button, Reply
from bot.verdict import Verdict, answer, say
from retrieval.model import TenantId

ALL, YES = "all", "yes"


class Forgetting:
    """Asks first, then deletes: memory, records of how it was answered, and the words of both.

    Where several took part in a conversation, what is remembered of it goes with the first who
    asks for it; the words of the others' questions stay until they ask too. With all conversations
    go what the person chose for themselves, their searches, and their votes on answers to others.
    """

    def __init__(
        self,
        keepsakes: Keepsakes,
        memory: Memory,
        preferences: PreferenceStore,
        channels: Channels,
    ) -> None:
        self._keepsakes = keepsakes
        self._memory = memory
        self._preferences = preferences
        self._channels = channels

    async def perform(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`/forget`: the conversations of this channel; `all`: every one; `yes` does it."""
        command, tenant = claim.command, claim.tenant
        if command is None or not set(words) <= {ALL, YES}:
            return None
        everywhere = ALL in words
        settings = await self._channels.read(tenant, command.place, command.person)
        language = choose_language(settings.language, "")
        threads = await self._keepsakes.list_threads(
            tenant, command.place, command.person, everywhere=everywhere
        )
        count = len(threads)
        if not threads and not (everywhere and await self._has_more(tenant, command)):
            return say(claim, "nothing", forgetting.FORGET_NOTHING.say(language))
        if YES not in words:
            return answer(claim, "asked", _ask(count, language, everywhere=everywhere))
        for thread in threads:
            await self._memory.forget(tenant, f"{tenant}:{thread}")
        await self._keepsakes.blank(tenant, command.place, command.person, threads)
        if everywhere:
            await self._keepsakes.forget_more(tenant, command.place, command.person)
            await self._preferences.forget(tenant, command.place.platform, command.person.id)
        told = forgetting.FORGOTTEN.say(language, count=count)
        return say(claim, "forgotten", told, f"{count} conversations → none")

    async def _has_more(self, tenant: TenantId, command: Command) -> bool:
        """Whether the person chose something, voted or searched, wherever."""
        place, person = command.place, command.person
        chosen = await self._preferences.read(tenant, place.platform, person.id)
        return chosen != Preferences() or await self._keepsakes.keeps_more(tenant, place, person)


def _ask(count: int, language: str, *, everywhere: bool) -> Reply:
    words = forgetting.FORGET_EVERYWHERE if everywhere else forgetting.FORGET_HERE
    command = "forget all yes" if everywhere else "forget yes"
    button = Button(forgetting.FORGET_THEM.say(language), command, "danger")
    blocks = compose_words(words.say(language, count=count)).blocks
    return Reply(blocks, private=True, buttons=(button,))
