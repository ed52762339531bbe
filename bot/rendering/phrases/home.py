"""The words of the home page, and what is told of sources there and in lists."""

from typing import Final

from bot.rendering.phrases import Phrase

# How to ask

ASK_ME: Final = Phrase(
    en="Ask me", de="Frag mich", fr="Posez-moi une question", es="Pregúntame"
)  # fmt: skip
HOW_TO_ASK: Final = Phrase(
    en="Write to me under *Messages*, mention me in a channel, or use `/ask`, which only you see. "
    "I answer from your team's documents and show where it stands.",
    de="Schreib mir unter *Nachrichten*, erwähne mich in einem Kanal, oder nimm `/ask`, das nur du "
    "siehst. Ich antworte aus den Dokumenten deines Teams und zeige, wo es steht.",
    fr="Écrivez-moi sous *Messages*, mentionnez-moi dans un canal, ou utilisez `/ask`, que vous "
    "seul voyez. Je réponds d'après les documents de votre équipe et montre où c'est écrit.",
    es="Escríbeme en *Mensajes*, mencióname en un canal, o usa `/ask`, que solo ves tú. Respondo a "
    "partir de los documentos de tu equipo y muestro dónde está.",
)
FOR_EXAMPLE: Final = Phrase(
    en="For example:", de="Zum Beispiel:", fr="Par exemple :", es="Por ejemplo:"
)
STRANGER: Final = Phrase(
    en="I answer the people of this workspace, and I do not know you as one of them. So I show "
    "you only what is meant for anybody.",
    de="Ich antworte den Leuten dieses Workspace, und dich kenne ich nicht als einen von ihnen. "
    "Deshalb zeige ich dir nur, was für alle Welt gedacht ist.",
    fr="Je réponds aux personnes de cet espace de travail, et je ne sais pas que vous en êtes. Je "
    "ne vous montre donc que ce qui est destiné à tout le monde.",
    es="Respondo a las personas de este espacio de trabajo, y no me consta que seas una de ellas. "
    "Por eso solo te muestro lo que es para cualquiera.",
)

# What there is to read

WHAT_I_KNOW: Final = Phrase(
    en="What I know", de="Was ich weiß", fr="Ce que je sais", es="Lo que sé"
)
YOU_MAY_READ: Final = Phrase(
    en="You may read these sources:",
    de="Diese Quellen darfst du lesen:",
    fr="Vous pouvez lire ces sources :",
    es="Puedes leer estas fuentes:",
)
NOTHING_TO_READ: Final = Phrase(
    en="There are no sources that you may read.",
    de="Es gibt keine Quellen, die du lesen darfst.",
    fr="Il n'y a pas de source que vous puissiez lire.",
    es="No hay fuentes que puedas leer.",
)
AND_MORE: Final = Phrase(
    en="and {count} more", de="und {count} weitere", fr="et {count} de plus", es="y {count} más"
)
ONE_DOCUMENT: Final = Phrase(
    en="1 document", de="1 Dokument", fr="un document", es="un documento"
)  # fmt: skip
DOCUMENTS: Final = Phrase(
    en="{count} documents",
    de="{count} Dokumente",
    fr="documents : {count}",
    es="{count} documentos",
)
MANY_DOCUMENTS: Final = Phrase(
    en="more than {count} documents",
    de="mehr als {count} Dokumente",
    fr="plus de {count} documents",
    es="más de {count} documentos",
)
NOT_READ: Final = Phrase(
    en="not read yet", de="noch nicht gelesen", fr="pas encore lue", es="aún no leída"
)
READ_NOW: Final = Phrase(
    en="read just now", de="gerade gelesen", fr="lue à l'instant", es="leída ahora mismo"
)
READ_MINUTES: Final = Phrase(
    en="read {count} minutes ago",
    de="vor {count} Minuten gelesen",
    fr="lue il y a {count} minutes",
    es="leída hace {count} minutos",
)
READ_HOURS: Final = Phrase(
    en="read {count} hours ago",
    de="vor {count} Stunden gelesen",
    fr="lue il y a {count} heures",
    es="leída hace {count} horas",
)
READ_DAYS: Final = Phrase(
    en="read {count} days ago",
    de="vor {count} Tagen gelesen",
    fr="lue il y a {count} jours",
    es="leída hace {count} días",
)
FAILING: Final = Phrase(
    en="cannot be read at present",
    de="derzeit nicht lesbar",
    fr="illisible pour le moment",
    es="ahora mismo no se puede leer",
)
PAUSED: Final = Phrase(en="paused", de="pausiert", fr="en pause", es="en pausa")

# What is remembered

YOUR_CONVERSATIONS: Final = Phrase(
    en="Your conversations", de="Deine Unterhaltungen", fr="Vos conversations",
    es="Tus conversaciones",
)  # fmt: skip
REMEMBERED: Final = Phrase(
    en="I remember what you asked me and what I answered, so that you can follow up. You can have "
    "me forget all of it.",
    de="Ich merke mir, was du mich gefragt hast und was ich geantwortet habe, damit du nachfragen "
    "kannst. Du kannst mich alles vergessen lassen.",
    fr="Je retiens vos questions et mes réponses, pour que vous puissiez poursuivre. Vous pouvez "
    "me faire tout oublier.",
    es="Recuerdo lo que me preguntaste y lo que respondí, para que puedas seguir preguntando. "
    "Puedes hacer que lo olvide todo.",
)
FORGET: Final = Phrase(
    en="Forget my conversations",
    de="Meine Unterhaltungen vergessen",
    fr="Oublier mes conversations",
    es="Olvidar mis conversaciones",
)

# For admins

FOR_ADMINS: Final = Phrase(
    en="For admins", de="Für Admins", fr="Pour les admins", es="Para administradores"
)
NO_SOURCES: Final = Phrase(
    en="There are no sources yet.",
    de="Es gibt noch keine Quellen.",
    fr="Il n'y a pas encore de source.",
    es="Aún no hay fuentes.",
)
BEING_READ: Final = Phrase(
    en="is being read", de="wird gelesen", fr="en cours de lecture", es="se está leyendo"
)
SYNC_FAILED: Final = Phrase(
    en="the last sync failed: {error}",
    de="die letzte Synchronisierung ist gescheitert: {error}",
    fr="la dernière synchronisation a échoué : {error}",
    es="la última sincronización falló: {error}",
)
HELD: Final = Phrase(
    en="deletions wait for your word: {count}",
    de="Löschungen warten auf dein Wort: {count}",
    fr="suppressions en attente de votre accord : {count}",
    es="borrados que esperan tu palabra: {count}",
)
SYNC: Final = Phrase(
    en="Sync a source", de="Quelle synchronisieren", fr="Synchroniser une source",
    es="Sincronizar una fuente",
)  # fmt: skip
ADD: Final = Phrase(
    en="Add a source", de="Quelle hinzufügen", fr="Ajouter une source", es="Añadir una fuente"
)
SYNC_STATUS: Final = Phrase(
    en="How syncs stand", de="Stand der Läufe", fr="État des synchronisations",
    es="Estado de las sincronizaciones",
)  # fmt: skip
ALL_COMMANDS: Final = Phrase(
    en="All commands", de="Alle Befehle", fr="Toutes les commandes", es="Todos los comandos"
)
CHANNEL_RULE: Final = Phrase(
    en="How I behave in a channel is set there: `/channel` shows it, `/channel set` changes it.",
    de="Wie ich mich in einem Kanal verhalte, wird dort festgelegt: `/channel` zeigt es, `/channel "
    "set` ändert es.",
    fr="Mon comportement dans un canal se règle là-bas : `/channel` le montre, `/channel set` le "
    "change.",
    es="Mi comportamiento en un canal se ajusta allí: `/channel` lo muestra, `/channel set` lo "
    "cambia.",
)

# News

REPLIED: Final = Phrase(
    en="I answer you under Messages.",
    de="Ich antworte dir unter Nachrichten.",
    fr="Je vous réponds sous Messages.",
    es="Te respondo en Mensajes.",
)
TRY_AGAIN: Final = Phrase(
    en="Try again", de="Noch einmal versuchen", fr="Réessayer", es="Intentarlo de nuevo"
)
NOT_SHOWN: Final = Phrase(
    en="This page cannot be shown just now",
    de="Diese Seite lässt sich gerade nicht zeigen",
    fr="Cette page ne peut pas s'afficher pour l'instant",
    es="Esta página no se puede mostrar ahora",
)
