"""The fixed words of ours that people read, by topic, each in every language that we speak.

A phrase cannot lack a language: its type asks for all of them. What an admin's command replies is
in English.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from agents.language import detect_language

LANGUAGES: Final[Mapping[str, str]] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
}
"""The languages that we speak, each by its code, as it calls itself."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in each language, by its ISO 639-1 code; `{name}` stands for a value."""

    en: str
    de: str
    fr: str
    es: str

    def say(self, language: str, **values: object) -> str:
        """The words in a language, English where we do not speak it."""
        words: str = asdict(self).get(language, self.en)
        return words.format(**values) if values else words


def choose_language(settled: str, text: str) -> str:
    """The language to speak: the one that is set for the place, else that of what was asked."""
    return settled or detect_language(text) or "en"
