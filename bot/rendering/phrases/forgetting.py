"""What is said before and after the bot forgets."""

from typing import Final

from bot.rendering.phrases import Phrase

FORGET_NOTHING: Final = Phrase(
    en="I remember no conversation of yours here.",
    de="Ich weiß hier von keiner Unterhaltung mit dir.",
    fr="Je ne retiens aucune conversation avec vous ici.",
    es="No recuerdo ninguna conversación tuya aquí.",
)
FORGET_HERE: Final = Phrase(
    en="Forget what I remember of your conversations in this channel ({count})? How I answered "
    "them is deleted too. The messages themselves stay.",
    de="Soll ich vergessen, was ich von deinen Unterhaltungen in diesem Kanal weiß ({count})? Auch "
    "wie ich geantwortet habe, wird gelöscht. Die Nachrichten selbst bleiben.",
    fr="Faut-il oublier ce que je retiens de vos conversations dans ce canal ({count}) ? La façon "
    "dont j'ai répondu est effacée aussi. Les messages eux-mêmes restent.",
    es="¿Olvido lo que recuerdo de tus conversaciones en este canal ({count})? También se borra "
    "cómo las respondí. Los mensajes mismos se quedan.",
)
FORGET_EVERYWHERE: Final = Phrase(
    en="Forget what I remember of all your conversations ({count})? How I answered them is deleted "
    "too, and so are your settings. The messages themselves stay.",
    de="Soll ich vergessen, was ich von all deinen Unterhaltungen weiß ({count})? Auch wie ich "
    "geantwortet habe, wird gelöscht, ebenso deine Einstellungen. Die Nachrichten selbst bleiben.",
    fr="Faut-il oublier ce que je retiens de toutes vos conversations ({count}) ? La façon dont "
    "j'ai répondu est effacée aussi, ainsi que vos réglages. Les messages eux-mêmes restent.",
    es="¿Olvido lo que recuerdo de todas tus conversaciones ({count})? También se borra cómo las "
    "respondí, y tus ajustes. Los mensajes mismos se quedan.",
)
FORGET_THEM: Final = Phrase(en="Forget them", de="Vergiss sie", fr="Oublier", es="Olvídalas")
FORGOTTEN: Final = Phrase(
    en="Forgotten: {count} of your conversations.",
    de="Vergessen: {count} deiner Unterhaltungen.",
    fr="Oubliées : {count} de vos conversations.",
    es="Olvidadas: {count} de tus conversaciones.",
)
