"""What is left without an answer: what the bot was not asked, or asked too often. Pure."""

from agents.model import Answer, Outcome
from bot.model import IncomingMessage, Intent
from bot.rendering.reply import Reply


class Unsaid(Exception):
    """Nothing is to be said, and why."""


class TurnedAway(Exception):
    """The question is not taken; `reply` tells whoever asked it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__("the question is turned away")
        self.reply = reply


def is_unasked(message: IncomingMessage) -> bool:
    """Whether it was said to nobody in particular, so that silence is no failure."""
    return message.intent is Intent.OVERHEARD


def is_well_founded(answer: Answer) -> bool:
    """Whether an answer that nobody asked the bot for is worth being given: it cites its sources.

    One with a warning (old, contradicting, model unavailable) is for those who ask.
    """
    cited = answer.outcome is Outcome.ANSWERED and bool(answer.citations)
    return cited and not answer.notices
