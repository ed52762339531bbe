"""What a person chose for themselves, and how to choose otherwise. Pure."""

from collections.abc import Iterator

from bot.model import Preferences
from bot.rendering.form import Choice
from bot.rendering.phrases import LANGUAGES, personal
from bot.rendering.reply import Button, Paragraph, Reply, Strong, Text
from bot.rendering.sync_report import list_lines

AUTOMATIC = "auto"
"""How the language of the question is chosen: `/preferences language auto`."""

OTHER_LANGUAGES = 4
"""Buttons beside that of the offers."""


def compose_preferences(chosen: Preferences, language: str = "en") -> Reply:
    """All that a person chose; a button for each other language, and one for the offers."""
    lines = [
        _describe(personal.LANGUAGE.say(language), describe_language(chosen.language, language)),
        _describe(personal.OFFERS.say(language), describe_offers(chosen, language)),
    ]
    return Reply(
        (
            Paragraph((Text(personal.YOUR_SETTINGS.say(language)),)),
            list_lines(lines),
            Paragraph((Text(personal.LANGUAGE_RULE.say(language)),)),
        ),
        private=True,
        buttons=(
            *list(_offer_languages(chosen, language))[:OTHER_LANGUAGES],
            offer_offers(chosen, language),
        ),
    )


def describe_language(code: str, language: str = "en") -> str:
    """A language by its own name; '' is that of the question."""
    return LANGUAGES.get(code, code) if code else personal.AUTOMATIC.say(language)


def describe_offers(chosen: Preferences, language: str = "en") -> str:
    """Whether private answers are offered, and what that means."""
    return (personal.OFFERS_ON if chosen.offers else personal.OFFERS_OFF).say(language)


def list_languages(language: str = "en") -> tuple[Choice, ...]:
    """Every language to choose from, by the command that chooses it; the question's first."""
    codes = ("", *LANGUAGES)
    return tuple(
        Choice(f"preferences language {code or AUTOMATIC}", describe_language(code, language))
        for code in codes
    )


def offer_offers(chosen: Preferences, language: str = "en") -> Button:
    """The button that turns offers on or off."""
    if chosen.offers:
        return Button(personal.DO_NOT_OFFER.say(language), "preferences offers off")
    return Button(personal.OFFER.say(language), "preferences offers on")


def _offer_languages(chosen: Preferences, language: str) -> Iterator[Button]:
    """The one that is chosen is no choice."""
    for choice in list_languages(language):
        if choice.value.rpartition(" ")[2] != (chosen.language or AUTOMATIC):
            yield Button(choice.label, choice.value)


def _describe(name: str, value: str) -> tuple[Strong, Text]:
    return Strong((Text(name),)), Text(f": {value}")
