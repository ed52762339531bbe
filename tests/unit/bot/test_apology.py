"""Every error has its words."""

from collections.abc import Iterator

import pytest

from agents.errors import AgentError
from bot.errors import BotError
from bot.rendering.apology import APOLOGIES, UNEXPECTED, find_apology
from retrieval.errors import RetrievalError, StoreUnavailable


def walk(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from walk(child)


def list_errors() -> list[type[Exception]]:
    """Those of the packages; what an adapter has of its own takes the words of its ancestor."""
    ours = ("bot.errors", "agents.errors", "retrieval.errors")
    return [
        kind
        for root in (RetrievalError, AgentError, BotError)
        for kind in walk(root)
        if kind.__module__ in ours
    ]


@pytest.mark.parametrize("kind", list_errors(), ids=lambda kind: kind.__name__)
def test_every_error_has_words_of_its_own(kind: type[Exception]) -> None:
    assert kind in APOLOGIES, f"{kind.__name__} has no words in bot/rendering/apology.py"
    assert APOLOGIES[kind].words.en.endswith((".", "next."))
    assert APOLOGIES[kind].tries >= 1


def test_an_error_without_words_takes_its_ancestor_s() -> None:
    class Flooded(StoreUnavailable):
        """Not one of ours."""

    assert find_apology(Flooded()) == APOLOGIES[StoreUnavailable]
    assert find_apology(KeyError("x")) == UNEXPECTED
