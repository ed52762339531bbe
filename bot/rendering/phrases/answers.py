"""The words around an answer, and how old its sources are."""

from typing import Final

from bot.rendering.phrases import Phrase

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
LOOKED_FOR: Final = Phrase(
    en="I looked for: {searches}",
    de="Gesucht habe ich: {searches}",
    fr="J'ai cherché : {searches}",
    es="He buscado: {searches}",
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
