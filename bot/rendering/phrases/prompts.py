"""Questions to begin with."""

from typing import Final

from bot.rendering.phrases import Phrase

ABOUT_PAGE: Final = Phrase(
    en="What should I know about “{title}”?",
    de="Was sollte ich über „{title}“ wissen?",
    fr="Que faut-il savoir sur « {title} » ?",
    es="¿Qué debo saber sobre «{title}»?",
)
ABOUT_SECTION: Final = Phrase(
    en="What does “{title}” say about “{heading}”?",
    de="Was steht in „{title}“ über „{heading}“?",
    fr="Que dit « {title} » à propos de « {heading} » ?",
    es="¿Qué dice «{title}» sobre «{heading}»?",
)
PROMPTS_TITLE: Final = Phrase(
    en="Ask me, for example:",
    de="Frag mich zum Beispiel:",
    fr="Demandez-moi par exemple :",
    es="Pregúntame, por ejemplo:",
)
