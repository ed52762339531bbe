"""What is said to whoever pressed a button below an answer."""

from bot.model import Claim
from bot.rendering.compose import compose_words
from bot.rendering.reply import Reply
from bot.verdict import Verdict


def show(claim: Claim, reply: Reply) -> Verdict:
    """A verdict with one reply; what was pressed stays as it is."""
    return Verdict("shown", {f"{claim.item}:reply": reply}, audited=False, replaces=False)


def tell(claim: Claim, words: str) -> Verdict:
    """A verdict in plain words, for the person alone."""
    return show(claim, compose_words(words, private=True))
