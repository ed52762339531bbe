"""/forget: a person has the bot forget the conversations in which they took part."""

from collections.abc import Sequence

from bot.model import Claim
from bot.ports import Keepsakes, Memory
from bot.rendering.compose import compose_words
from bot.rendering.phrases import Phrase, forgetting
from bot.rendering.reply import Button, Reply
from bot.verdict import Verdict, answer

ALL, YES = "all", "yes"


class Forgetting:
    """Asks first, then deletes: memory, records of how it was answered, and the words of both.

    Where several took part in a conversation, what is remembered of it goes with the first who
    asks for it; the words of the others' questions stay until they ask too.
    """

    def __init__(self, keepsakes: Keepsakes, memory: Memory) -> None:
        self._keepsakes = keepsakes
        self._memory = memory

    async def perform(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`/forget`: the conversations of this channel; `all`: every one; `yes` does it."""
        command = claim.command
        if command is None or not set(words) <= {ALL, YES}:
            return None
        everywhere = ALL in words
        threads = await self._keepsakes.list_threads(
            claim.tenant, command.place, command.person, everywhere=everywhere
        )
        if not threads:
            return answer(claim, "nothing", _say(forgetting.FORGET_NOTHING))
        if YES not in words:
            return answer(claim, "asked", _ask(len(threads), everywhere=everywhere))
        for thread in threads:
            await self._memory.forget(claim.tenant, f"{claim.tenant}:{thread}")
        await self._keepsakes.blank(claim.tenant, command.place, command.person, threads)
        count = len(threads)
        detail = f"{count} conversations → none"
        return answer(claim, "forgotten", _say(forgetting.FORGOTTEN, count=count), detail)


def _ask(count: int, *, everywhere: bool) -> Reply:
    words = forgetting.FORGET_EVERYWHERE if everywhere else forgetting.FORGET_HERE
    command = "forget all yes" if everywhere else "forget yes"
    button = Button(forgetting.FORGET_THEM.en, command, "danger")
    blocks = compose_words(words.say("en", count=count)).blocks
    return Reply(blocks, private=True, buttons=(button,))


def _say(words: Phrase, **values: object) -> Reply:
    return compose_words(words.say("en", **values), private=True)
