"""Our fixed words: every phrase in every language, with the same values."""

import importlib
import pkgutil
import re
from dataclasses import asdict

import pytest

from agents import replies
from bot.rendering import findings, phrases
from bot.rendering.apology import APOLOGIES
from bot.rendering.phrases import Phrase, answers, choose_language

TOPICS = [
    findings,
    *(
        importlib.import_module(f"{phrases.__name__}.{topic.name}")
        for topic in pkgutil.iter_modules(phrases.__path__)
    ),
]
PHRASES = {
    **{
        f"{topic.__name__}.{name}": value
        for topic in TOPICS
        for name, value in vars(topic).items()
        if isinstance(value, Phrase)
    },
    **{kind.__name__: apology.words for kind, apology in APOLOGIES.items()},
}
REPLIES = {
    **replies._TALK,
    **replies._NOTICES,
    "unknown": replies._UNKNOWN,
    "nearest": replies._NEAREST,
}
CODES = frozenset({"en", "de", "fr", "es"})


def find_values(words: str) -> list[str]:
    return sorted(re.findall(r"\{(\w*)\}", words))


@pytest.mark.parametrize("name", PHRASES)
def test_a_phrase_says_the_same_in_every_language(name: str) -> None:
    spoken = asdict(PHRASES[name])
    assert set(spoken) == CODES
    assert all(words.strip() for words in spoken.values())
    assert len(set(spoken.values())) == len(CODES), "a language was copied from another"
    assert len({tuple(find_values(words)) for words in spoken.values()}) == 1
    assert len({words.count("`") for words in spoken.values()}) == 1


@pytest.mark.parametrize("kind", REPLIES)
def test_the_agent_s_own_words_lack_no_language(kind: str) -> None:
    spoken = REPLIES[kind]
    assert set(spoken) == CODES
    assert len({tuple(find_values(words)) for words in spoken.values()}) == 1


def test_a_phrase_takes_its_values_and_reads_nothing_into_them() -> None:
    assert answers.REFERENCE.say("fr", reference="{x}") == "Référence {x}"


def test_a_language_that_we_do_not_speak_is_answered_in_english() -> None:
    assert answers.QUOTED.say("ja") == answers.QUOTED.en


@pytest.mark.parametrize(
    ("settled", "text", "language"),
    [
        ("de", "How many days of leave do I have?", "de"),
        ("", "Wie viele Tage Urlaub habe ich?", "de"),
        ("", "¿Cuántos días de vacaciones tengo?", "es"),
        ("", "LDAP", "en"),
    ],
)
def test_the_place_decides_before_the_question(settled: str, text: str, language: str) -> None:
    assert choose_language(settled, text) == language
