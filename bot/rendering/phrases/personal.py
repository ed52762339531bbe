"""What people can choose for themselves."""

from typing import Final

from bot.rendering.phrases import Phrase

MY_SETTINGS: Final = Phrase(
    en="My settings", de="Meine Einstellungen", fr="Mes réglages", es="Mis ajustes"
)
YOUR_SETTINGS: Final = Phrase(
    en="This is what you chose for yourself:",
    de="Das hast du für dich gewählt:",
    fr="Voici ce que vous avez choisi pour vous :",
    es="Esto es lo que has elegido para ti:",
)
LANGUAGE: Final = Phrase(
    en="Language of answers", de="Sprache der Antworten", fr="Langue des réponses",
    es="Idioma de las respuestas",
)  # fmt: skip
AUTOMATIC: Final = Phrase(
    en="Automatic (the question's)",
    de="Automatisch (die der Frage)",
    fr="Automatique (celle de la question)",
    es="Automático (el de la pregunta)",
)
LANGUAGE_RULE: Final = Phrase(
    en="Where a language is set for a channel, it goes first there.",
    de="Ist für einen Kanal eine Sprache festgelegt, geht sie dort vor.",
    fr="Si une langue est fixée pour un canal, elle y est prioritaire.",
    es="Si un canal tiene un idioma fijado, allí va primero.",
)
OFFERS: Final = Phrase(
    en="Private offers",
    de="Private Angebote",
    fr="Offres en privé",
    es="Ofertas privadas",
)
OFFERS_ON: Final = Phrase(
    en="On: I tell you when only you may read what would say more than a public answer.",
    de="An: Ich sage dir, wenn nur du lesen darfst, was mehr sagt als eine öffentliche Antwort.",
    fr="Activées : je vous dis quand vous seul pouvez lire ce qui en dit plus qu'une réponse "
    "publique.",
    es="Activadas: te aviso cuando solo tú puedes leer lo que dice más que una respuesta pública.",
)
OFFERS_OFF: Final = Phrase(
    en="Off: I don't tell you when only you may read what would say more than a public answer.",
    de="Aus: Ich sage dir nicht, wenn nur du lesen darfst, was mehr sagt als eine öffentliche "
    "Antwort.",
    fr="Désactivées : je ne vous dis pas quand vous seul pouvez lire ce qui en dit plus qu'une "
    "réponse publique.",
    es="Desactivadas: no te aviso cuando solo tú puedes leer lo que dice más que una respuesta "
    "pública.",
)
OFFER: Final = Phrase(
    en="Tell me of more", de="Sag mir, wenn es mehr gibt", fr="Me dire s'il y a plus",
    es="Avísame si hay más",
)  # fmt: skip
DO_NOT_OFFER: Final = Phrase(
    en="Do not tell me", de="Nicht mehr sagen", fr="Ne plus me le dire", es="No me avises más"
)
