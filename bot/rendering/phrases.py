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
STOPPING: Final = Phrase(en="I stop here.", de="Ich höre auf.", fr="J'arrête.", es="Lo dejo aquí.")
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

# Files that came with a question

FILE_TOO_LARGE: Final = Phrase(
    en="{name} is larger than {most} MB, so this answer is without it.",
    de="{name} ist größer als {most} MB; diese Antwort kommt ohne die Datei aus.",
    fr="{name} dépasse {most} Mo ; cette réponse est donnée sans ce fichier.",
    es="{name} supera los {most} MB; esta respuesta es sin ese archivo.",
)
FILE_KIND: Final = Phrase(
    en="I cannot read files such as {name}. Text, PDF, Word, PowerPoint, Excel, CSV and code "
    "will do.",
    de="Dateien wie {name} kann ich nicht lesen. Text, PDF, Word, PowerPoint, Excel, CSV und "
    "Code gehen.",
    fr="Je ne sais pas lire un fichier comme {name}. Texte, PDF, Word, PowerPoint, Excel, CSV et "
    "code conviennent.",
    es="No sé leer archivos como {name}. Sirven texto, PDF, Word, PowerPoint, Excel, CSV y código.",
)
FILE_UNREADABLE: Final = Phrase(
    en="I could not read {name}: it may be broken, protected, or without any text.",
    de="Ich konnte {name} nicht lesen: vielleicht beschädigt, geschützt oder ohne Text.",
    fr="Je n'ai pas pu lire {name} : fichier abîmé, protégé ou sans texte, peut-être.",
    es="No he podido leer {name}: quizá esté dañado, protegido o sin texto.",
)
FILE_WITHHELD: Final = Phrase(
    en="I was not given {name}, so this answer is without it.",
    de="{name} wurde mir nicht herausgegeben; diese Antwort kommt ohne die Datei aus.",
    fr="{name} ne m'a pas été remis ; cette réponse est donnée sans ce fichier.",
    es="No me han entregado {name}; esta respuesta es sin ese archivo.",
)
FILES_TOO_MANY: Final = Phrase(
    en="I read the first {count} files only.",
    de="Ich habe nur die ersten {count} Dateien gelesen.",
    fr="Je n'ai lu que les {count} premiers fichiers.",
    es="Solo he leído los primeros {count} archivos.",
)
FILE_WITHOUT_QUESTION: Final = Phrase(
    en="What do you want to know about {names}? Send it again together with your question.",
    de="Was möchtest du über {names} wissen? Schick es bitte noch einmal mit deiner Frage.",
    fr="Que voulez-vous savoir sur {names} ? Renvoyez le fichier avec votre question.",
    es="¿Qué quieres saber de {names}? Envíalo otra vez junto con tu pregunta.",
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

# Forgetting

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
    "too. The messages themselves stay.",
    de="Soll ich vergessen, was ich von all deinen Unterhaltungen weiß ({count})? Auch wie ich "
    "geantwortet habe, wird gelöscht. Die Nachrichten selbst bleiben.",
    fr="Faut-il oublier ce que je retiens de toutes vos conversations ({count}) ? La façon dont "
    "j'ai répondu est effacée aussi. Les messages eux-mêmes restent.",
    es="¿Olvido lo que recuerdo de todas tus conversaciones ({count})? También se borra cómo las "
    "respondí. Los mensajes mismos se quedan.",
)
FORGET_THEM: Final = Phrase(en="Forget them", de="Vergiss sie", fr="Oublier", es="Olvídalas")
FORGOTTEN: Final = Phrase(
    en="Forgotten: {count} of your conversations.",
    de="Vergessen: {count} deiner Unterhaltungen.",
    fr="Oubliées : {count} de vos conversations.",
    es="Olvidadas: {count} de tus conversaciones.",
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
