"""What became of a command."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.model import Claim
from bot.rendering.compose import compose_words
from bot.rendering.reply import Reply


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said, by the key of the letter; `outcome` and `detail` are for the audit log.

    `detail` says what changed ('before → after'), and never holds a secret. `audited`: the command
    is an admin's, and goes into the log. `replaces`: the reply takes the place of the private
    message whose button was pressed; otherwise that stays.
    """

    outcome: str
    replies: Mapping[str, Reply]
    detail: str = ""
    audited: bool = True
    replaces: bool = True


Verb = Callable[[Claim, Sequence[str]], Awaitable[Verdict | None]]
"""Carries out a command's words; None where they are not understood."""


def answer(claim: Claim, outcome: str, reply: Reply, detail: str = "") -> Verdict:
    """A verdict with one reply."""
    return Verdict(outcome, {f"{claim.item}:reply": reply}, detail)


def say(claim: Claim, outcome: str, words: str, detail: str = "") -> Verdict:
    """A verdict in plain words, for the person alone."""
    return answer(claim, outcome, compose_words(words, private=True), detail)
