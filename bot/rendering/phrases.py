"""The fixed words of ours that people read, each in every language that we speak.

A phrase cannot lack a language: its type asks for all of them. What an admin's command replies is
in English.
"""

from dataclasses import asdict, dataclass
from typing import Final

from agents.language import detect_language


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


# While an answer is made

PLANNING: Final = Phrase(
    en="Working out what to look up",
    de="Ich überlege, was nachzuschlagen ist",
    fr="Je détermine quoi chercher",
    es="Pienso qué hay que buscar",
)
SEARCHING: Final = Phrase(
    en="Searching the sources",
    de="Ich suche in den Quellen",
    fr="Je cherche dans les sources",
    es="Busco en las fuentes",
)
READING: Final = Phrase(
    en="Reading what was found",
    de="Ich lese, was ich gefunden habe",
    fr="Je lis ce que j'ai trouvé",
    es="Leo lo que encontré",
)
WRITING: Final = Phrase(
    en="Writing the answer",
    de="Ich schreibe die Antwort",
    fr="J'écris la réponse",
    es="Escribo la respuesta",
)
CHECKING: Final = Phrase(
    en="Checking the citations",
    de="Ich prüfe die Quellenangaben",
    fr="Je vérifie les citations",
    es="Compruebo las citas",
)

STILL_WRITING: Final = Phrase(
    en="Still writing. The sources are checked at the end.",
    de="Ich schreibe noch. Die Quellen werden am Ende geprüft.",
    fr="J'écris encore. Les sources sont vérifiées à la fin.",
    es="Aún escribo. Las fuentes se comprueban al final.",
)
STOP: Final = Phrase(en="Stop", de="Anhalten", fr="Arrêter", es="Detener")
STOPPED: Final = Phrase(
    en="Stopped. What is here was not checked against the sources.",
    de="Angehalten. Was hier steht, wurde nicht an den Quellen geprüft.",
    fr="Arrêté. Ce qui est écrit ici n'a pas été vérifié dans les sources.",
    es="Detenido. Lo que hay aquí no se comprobó en las fuentes.",
)
STOPPED_EARLY: Final = Phrase(
    en="Stopped before there was an answer.",
    de="Angehalten, bevor es eine Antwort gab.",
    fr="Arrêté avant qu'il y ait une réponse.",
    es="Detenido antes de que hubiera una respuesta.",
)
NOT_TO_STOP: Final = Phrase(
    en="There is nothing to stop: the answer is finished, or the question was not yours.",
    de="Es gibt nichts anzuhalten: Die Antwort ist fertig, oder die Frage war nicht von dir.",
    fr="Il n'y a rien à arrêter : la réponse est terminée, ou la question n'était pas la vôtre.",
    es="No hay nada que detener: la respuesta está terminada, o la pregunta no era tuya.",
)
WORKING_ON_IT: Final = Phrase(en="Working on it", de="In Arbeit", fr="En cours", es="En marcha")

# Around an answer

LATE: Final = Phrase(
    en="Sorry that this comes late: I could not be reached when you asked.",
    de="Entschuldigung, das kommt spät: Als gefragt wurde, war ich nicht erreichbar.",
    fr="Désolé pour le retard : je n'étais pas joignable au moment de la question.",
    es="Perdón por la demora: no estaba disponible cuando llegó la pregunta.",
)
QUOTED: Final = Phrase(
    en="Quoted from the sources",
    de="Aus den Quellen zitiert",
    fr="Cité des sources",
    es="Citado de las fuentes",
)
REFERENCE: Final = Phrase(
    en="Reference {reference}",
    de="Referenz {reference}",
    fr="Référence {reference}",
    es="Referencia {reference}",
)
LINK_REMOVED: Final = Phrase(
    en="(link removed)", de="(Link entfernt)", fr="(lien retiré)", es="(enlace retirado)"
)

# How old a source is

FROM_TODAY: Final = Phrase(en="from today", de="von heute", fr="d'aujourd'hui", es="de hoy")
A_DAY_OLD: Final = Phrase(en="1 day old", de="1 Tag alt", fr="vieux d'un jour", es="de hace 1 día")
DAYS_OLD: Final = Phrase(
    en="{count} days old",
    de="{count} Tage alt",
    fr="vieux de {count} jours",
    es="de hace {count} días",
)
WEEKS_OLD: Final = Phrase(
    en="{count} weeks old",
    de="{count} Wochen alt",
    fr="vieux de {count} semaines",
    es="de hace {count} semanas",
)
MONTHS_OLD: Final = Phrase(
    en="{count} months old",
    de="{count} Monate alt",
    fr="vieux de {count} mois",
    es="de hace {count} meses",
)
YEARS_OLD: Final = Phrase(
    en="{count} years old",
    de="{count} Jahre alt",
    fr="vieux de {count} ans",
    es="de hace {count} años",
)

# Help

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
HELP_HELP: Final = Phrase(
    en="shows this; in Slack it is `/footnote help`",
    de="zeigt dies; in Slack heißt es `/footnote help`",
    fr="affiche ceci ; dans Slack, c'est `/footnote help`",
    es="muestra esto; en Slack es `/footnote help`",
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
EMPTY_QUESTION: Final = Phrase(
    en="Write your question behind the command: `/ask How many days of leave do I have?`",
    de="Schreib deine Frage hinter den Befehl: `/ask Wie viele Urlaubstage habe ich?`",
    fr="Écrivez votre question après la commande : `/ask Combien de jours de congé ai-je ?`",
    es="Escribe tu pregunta después del comando: `/ask ¿Cuántos días de vacaciones tengo?`",
)

# Questions to begin with

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
