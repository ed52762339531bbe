"""What is said where a question has to wait, or is not taken."""

from typing import Final

from bot.rendering.phrases import Phrase

# Limits

TOO_MANY: Final = Phrase(
    en="I was asked a lot just now. Please ask again {when}.",
    de="Ich wurde gerade sehr viel gefragt. Bitte frag {when} noch einmal.",
    fr="On m'a beaucoup demandé à l'instant. Reposez votre question {when}.",
    es="Me acaban de preguntar mucho. Vuelve a preguntar {when}.",
)
IN_SECONDS: Final = Phrase(
    en="in {count} seconds",
    de="in {count} Sekunden",
    fr="dans {count} secondes",
    es="en {count} segundos",
)
IN_MINUTES: Final = Phrase(
    en="in {count} minutes",
    de="in {count} Minuten",
    fr="dans {count} minutes",
    es="en {count} minutos",
)
IN_HOURS: Final = Phrase(
    en="in {count} hours",
    de="in {count} Stunden",
    fr="dans {count} heures",
    es="en {count} horas",
)
QUEUED: Final = Phrase(
    en="You are number {number} in the queue",
    de="Du bist Nummer {number} in der Warteschlange",
    fr="Vous êtes numéro {number} dans la file",
    es="Eres el número {number} de la cola",
)
FULL: Final = Phrase(
    en="{count} questions are waiting already, so I cannot take yours. Please ask again {when}.",
    de="Es warten schon {count} Fragen, darum kann ich deine nicht annehmen. Bitte frag {when} "
    "noch einmal.",
    fr="{count} questions attendent déjà, je ne peux donc pas prendre la vôtre. Reposez-la {when}.",
    es="Ya hay {count} preguntas en espera, así que no puedo aceptar la tuya. Vuelve a preguntar "
    "{when}.",
)

# When something cannot be said where it was asked

NOT_TAKEN: Final = Phrase(
    en="Footnote cannot take this down right now. Please try again in a minute.",
    de="Footnote kann das gerade nicht annehmen. Bitte versuche es in einer Minute noch einmal.",
    fr="Footnote ne peut pas prendre note de ceci pour l'instant. Réessayez dans une minute.",
    es="Footnote no puede tomar nota de esto ahora. Inténtalo de nuevo en un minuto.",
)
LOOKING: Final = Phrase(en="Looking…", de="Ich sehe nach…", fr="Je regarde…", es="Lo miro…")
NOT_HERE: Final = Phrase(
    en="I do not answer here. Ask in a server or workspace of the team that runs me.",
    de="Hier antworte ich nicht. Frag auf einem Server des Teams, das mich betreibt.",
    fr="Je ne réponds pas ici. Posez la question sur un serveur de l'équipe qui me gère.",
    es="Aquí no respondo. Pregunta en un servidor del equipo que me administra.",
)
NOT_POSTED: Final = Phrase(
    en="I may not post in this channel. Add me to it, then give the command again.",
    de="Ich darf in diesem Kanal nichts schreiben. Füge mich hinzu und gib den Befehl noch einmal.",
    fr="Je ne peux pas écrire dans ce canal. Ajoutez-moi, puis redonnez la commande.",
    es="No puedo escribir en este canal. Añádeme y vuelve a dar la orden.",
)
UNKNOWN_COMMAND: Final = Phrase(
    en="I don't know `{command}`. Ask for help to see what I understand.",
    de="`{command}` kenne ich nicht. Der Befehl für die Hilfe zeigt, was ich verstehe.",
    fr="Je ne connais pas `{command}`. Demandez l'aide pour voir ce que je comprends.",
    es="No conozco `{command}`. Pide la ayuda para ver lo que entiendo.",
)
EMPTY_QUESTION: Final = Phrase(
    en="Write your question behind the command: `/ask How many days of leave do I have?`",
    de="Schreib deine Frage hinter den Befehl: `/ask Wie viele Urlaubstage habe ich?`",
    fr="Écrivez votre question après la commande : `/ask Combien de jours de congé ai-je ?`",
    es="Escribe tu pregunta después del comando: `/ask ¿Cuántos días de vacaciones tengo?`",
)
