"""What is better left unsaid: what the bot was not asked, unless it knows. Pure."""

from agents.model import Answer, Outcome
from bot.model import IncomingMessage, Intent


class Unsaid(Exception):
    """Nothing is to be said, and why."""


def is_unasked(message: IncomingMessage) -> bool:
    """Whether it was said to nobody in particular, so that silence is no failure."""
    return message.intent is Intent.OVERHEARD


def is_well_founded(answer: Answer) -> bool:
    """Whether an answer that nobody asked the bot for is worth being given: it cites its sources.

    One with a warning (old, contradicting, model unavailable) is for those who ask.
    """
    cited = answer.outcome is Outcome.ANSWERED and bool(answer.citations)
    return cited and not answer.notices
