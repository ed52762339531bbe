"""/preferences: what a person chose for themselves."""

from collections.abc import Sequence

from bot.model import Claim, Wish
from bot.ports import Channels, PreferenceStore
from bot.rendering.phrases import LANGUAGES
from bot.rendering.preferences import AUTOMATIC, compose_preferences
from bot.verdict import Verdict

COMMAND = "preferences"


def read_wish(words: Sequence[str]) -> Wish | None:
    """What `language de offers off` wants; None where it is not understood."""
    match words:
        case ():
            return Wish()
        case ("language", code, *rest) if code.lower() in (AUTOMATIC, *LANGUAGES):
            chosen = "" if code.lower() == AUTOMATIC else code.lower()
            return _add(rest, Wish(language=chosen))
        case ("offers", "on" | "off" as switch, *rest):
            return _add(rest, Wish(offers=switch == "on"))
        case _:
            return None


def _add(words: Sequence[str], wish: Wish) -> Wish | None:
    """A wish with what else is wanted; what was said last counts."""
    more = read_wish(tuple(words))
    if more is None:
        return None
    return Wish(
        language=wish.language if more.language is None else more.language,
        offers=wish.offers if more.offers is None else more.offers,
    )


class PreferenceVerbs:
    """Shows people what they chose, and changes it."""

    def __init__(self, preferences: PreferenceStore, channels: Channels) -> None:
        self._preferences = preferences
        self._channels = channels

    async def perform(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`/preferences [language auto|en|de|fr|es] [offers on|off]`."""
        command, wish = claim.command, read_wish(tuple(words))
        if command is None or wish is None:
            return None
        place, person = command.place, command.person
        if wish == Wish():
            chosen = await self._preferences.read(claim.tenant, place.platform, person.id)
        else:
            chosen = await self._preferences.change(claim.tenant, place, person, wish)
        settings = await self._channels.read(claim.tenant, place, person)
        reply = compose_preferences(chosen, settings.language or "en")
        outcome = "shown" if wish == Wish() else "chosen"
        return Verdict(outcome, {f"{claim.item}:reply": reply}, audited=False)

    async def choose_offers(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """`offers off`, as buttons of earlier offers say."""
        return await self.perform(claim, ("offers", *words)) if words else None
