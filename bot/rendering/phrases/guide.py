"""The words of the page of help."""

from typing import Final

from bot.rendering.phrases import Phrase

HELP: Final = Phrase(
    en="Mention me with a question, or write to me directly.",
    de="Erwähne mich mit einer Frage, oder schreib mir direkt.",
    fr="Mentionnez-moi avec une question, ou écrivez-moi directement.",
    es="Mencióname con una pregunta, o escríbeme directamente.",
)
HELP_ASK: Final = Phrase(
    en="answers you alone, from the sources",
    de="antwortet nur dir, aus den Quellen",
    fr="répond à vous seul, d'après les sources",
    es="te responde solo a ti, a partir de las fuentes",
)
HELP_SEARCH: Final = Phrase(
    en="finds passages that you may read; only you see them",
    de="findet Stellen, die du lesen darfst; nur du siehst sie",
    fr="trouve des passages que vous pouvez lire ; vous seul les voyez",
    es="encuentra pasajes que puedes leer; solo tú los ves",
)
HELP_SOURCES: Final = Phrase(
    en="lists the sources that you may read",
    de="zählt die Quellen auf, die du lesen darfst",
    fr="liste les sources que vous pouvez lire",
    es="muestra las fuentes que puedes leer",
)
HELP_HELP: Final = Phrase(en="shows this", de="zeigt dies", fr="affiche ceci", es="muestra esto")

HELP_PROOF: Final = Phrase(
    en="shows the passages behind my last answer to you",
    de="zeigt die Stellen hinter meiner letzten Antwort an dich",
    fr="montre les passages derrière ma dernière réponse à vous",
    es="muestra los pasajes en los que se apoya mi última respuesta",
)
HELP_NEW: Final = Phrase(
    en="begins a new conversation: what was said before is not thought of any more",
    de="beginnt eine neue Unterhaltung: an Früheres wird nicht mehr gedacht",
    fr="commence une nouvelle conversation : ce qui précède n'est plus pris en compte",
    es="empieza una conversación nueva: lo anterior ya no se tiene en cuenta",
)
HELP_FORGET: Final = Phrase(
    en="deletes what I remember of your conversations here",
    de="löscht, was ich von deinen Unterhaltungen hier weiß",
    fr="efface ce que je retiens de vos conversations ici",
    es="borra lo que recuerdo de tus conversaciones aquí",
)
HELP_PREFERENCES: Final = Phrase(
    en="shows your settings, such as the language of answers, and changes them",
    de="zeigt deine Einstellungen, etwa die Sprache der Antworten, und ändert sie",
    fr="montre vos réglages, comme la langue des réponses, et les change",
    es="muestra tus ajustes, como el idioma de las respuestas, y los cambia",
)
HERE_MENTIONS: Final = Phrase(
    en="In this channel I answer when I am mentioned.",
    de="In diesem Kanal antworte ich, wenn ich erwähnt werde.",
    fr="Dans ce canal, je réponds quand on me mentionne.",
    es="En este canal respondo cuando me mencionan.",
)
HERE_THREADS: Final = Phrase(
    en="In a thread where I have answered, go on without a mention.",
    de="In einem Thread, in dem ich geantwortet habe, geht es ohne Erwähnung weiter.",
    fr="Dans un fil où j'ai répondu, continuez sans me mentionner.",
    es="En un hilo donde ya respondí, sigue sin mencionarme.",
)
HERE_UNREAD: Final = Phrase(
    en="I cannot read what does not mention me, so mention me in follow-ups too.",
    de="Was mich nicht erwähnt, kann ich nicht lesen: Erwähne mich auch in Rückfragen.",
    fr="Je ne peux pas lire ce qui ne me mentionne pas : mentionnez-moi aussi pour la suite.",
    es="No puedo leer lo que no me menciona: mencióname también al seguir preguntando.",
)
HERE_AUTO: Final = Phrase(
    en="Here I also answer questions to nobody in particular, where the sources hold the answer.",
    de="Hier beantworte ich auch Fragen, die an niemanden gerichtet sind, wenn die Quellen die "
    "Antwort kennen.",
    fr="Ici, je réponds aussi aux questions posées à tous, quand les sources ont la réponse.",
    es="Aquí también respondo preguntas dirigidas a nadie, si las fuentes tienen la respuesta.",
)
HERE_DIRECT: Final = Phrase(
    en="Write me your question; here no mention is needed.",
    de="Schreib mir deine Frage; hier braucht es keine Erwähnung.",
    fr="Écrivez-moi votre question ; ici, pas besoin de me mentionner.",
    es="Escríbeme tu pregunta; aquí no hace falta mencionarme.",
)
HERE_PRIVATE: Final = Phrase(
    en="Only you see my answer.",
    de="Nur du siehst meine Antwort.",
    fr="Vous seul voyez ma réponse.",
    es="Solo tú ves mi respuesta.",
)
HERE_REMIT: Final = Phrase(
    en="What I answer here: {remit}.",
    de="Was ich hier beantworte: {remit}.",
    fr="Ce à quoi je réponds ici : {remit}.",
    es="Lo que respondo aquí: {remit}.",
)
HERE_SOURCES: Final = Phrase(
    en="Everyone here may read these sources: {names}.",
    de="Alle hier dürfen diese Quellen lesen: {names}.",
    fr="Tout le monde ici peut lire ces sources : {names}.",
    es="Todos aquí pueden leer estas fuentes: {names}.",
)
HERE_NO_SOURCES: Final = Phrase(
    en="There is no source yet that everyone here may read.",
    de="Es gibt noch keine Quelle, die alle hier lesen dürfen.",
    fr="Il n'y a pas encore de source que tout le monde ici puisse lire.",
    es="Aún no hay ninguna fuente que todos aquí puedan leer.",
)
