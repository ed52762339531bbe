"""The verbs of /channel: what holds in this channel, and changing it."""

from collections.abc import Sequence

from bot.channels.editor import Changed, ChannelEditor, InvalidSettings
from bot.channels.fields import FIELDS
from bot.model import ChannelKind, Claim, Command
from bot.rendering.channel_report import (
    compose_change,
    compose_channel,
    compose_reset,
)
from bot.rendering.reply import Reply
from bot.verdict import Verdict, answer, say

YES = "yes"


class ChannelVerbs:
    """Shows and changes how the bot is set up in the channel where the command is given."""

    def __init__(self, editor: ChannelEditor) -> None:
        self._editor = editor

    async def perform(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """Carry out the words after /channel; None where they are not understood."""
        command = claim.command
        if command is None:
            return None
        try:
            return await self._perform(claim, command, words)
        except InvalidSettings as error:
            return say(claim, "invalid", "\n".join(error.faults.values()))

    async def _perform(
        self, claim: Claim, command: Command, words: Sequence[str]
    ) -> Verdict | None:
        tenant, place = claim.tenant, command.place
        match words:
            case () | ("show",):
                return answer(claim, "shown", await self._show(claim, command))
            case ("set", name, *rest):
                changed = await self._editor.set(tenant, place, {name: " ".join(rest)})
                return _tell(claim, changed)
            case ("reset",):
                return answer(claim, "asked", compose_reset())
            case ("reset", name):
                changed = await self._editor.reset(tenant, place, "" if name == YES else name)
                return _tell(claim, changed)
            case _:
                return None

    async def _show(self, claim: Claim, command: Command) -> Reply:
        settings = await self._editor.read(claim.tenant, command.place)
        usual = self._editor.usual
        rows = [
            (
                field.name,
                field.label,
                field.show(settings),
                field.show(settings) == field.show(usual),
            )
            for field in FIELDS.values()
        ]
        return compose_channel(rows, direct=command.place.channel_kind is ChannelKind.DIRECT)


def _tell(claim: Claim, changed: Changed) -> Verdict:
    outcome = "changed" if changed.lines else "unchanged"
    reply = compose_change(changed.lines, changed.notices)
    return answer(claim, outcome, reply, changed.describe())
