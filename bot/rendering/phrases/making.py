"""What is said while an answer is made."""

from typing import Final

from bot.rendering.phrases import Phrase

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
