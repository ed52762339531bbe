"""The fixed words around what people do with an answer, in every language that we speak."""

from typing import Final

from bot.rendering.phrases import Phrase

# Below an answer

ALL_SOURCES: Final = Phrase(
    en="All {count} sources",
    de="Alle {count} Quellen",
    fr="Les {count} sources",
    es="Las {count} fuentes",
)
SHOW_PROOF: Final = Phrase(
    en="Show proof", de="Belege zeigen", fr="Voir les preuves", es="Ver las pruebas"
)
SHARE: Final = Phrase(
    en="Share to channel", de="Im Kanal teilen", fr="Partager ici", es="Compartir en el canal"
)
NEED_PERSON: Final = Phrase(
    en="I need a person",
    de="Ich brauche einen Menschen",
    fr="Je veux une personne",
    es="Necesito a una persona",
)
ASK_AGAIN: Final = Phrase(
    en="Ask again", de="Noch einmal fragen", fr="Redemander", es="Preguntar otra vez"
)
RESOLVED: Final = Phrase(en="Resolved", de="Erledigt", fr="Résolu", es="Resuelto")
SOURCES_INTRO: Final = Phrase(
    en="The sources of this answer:",
    de="Die Quellen dieser Antwort:",
    fr="Les sources de cette réponse :",
    es="Las fuentes de esta respuesta:",
)
CHOOSE_SOURCE: Final = Phrase(
    en="Show the passage of…",
    de="Die Stelle zeigen aus …",
    fr="Voir le passage de…",
    es="Ver el pasaje de…",
)
INCOMPLETE: Final = Phrase(
    en="Part of what this answer rests on is not shown: it has changed, or is not for you.",
    de="Ein Teil der Belege fehlt hier: Er hat sich geändert oder ist nicht für dich bestimmt.",
    fr="Une partie des preuves manque ici : elle a changé, ou ne vous est pas destinée.",
    es="Parte de las pruebas no se muestra: ha cambiado o no es para ti.",
)
NO_SUCH_ANSWER: Final = Phrase(
    en="I don't find that answer, or it is not for you. Ask me the question yourself.",
    de="Diese Antwort finde ich nicht, oder sie ist nicht für dich. Stell mir die Frage selbst.",
    fr="Je ne trouve pas cette réponse, ou elle n'est pas pour vous. Posez-moi la question.",
    es="No encuentro esa respuesta, o no es para ti. Hazme tú la pregunta.",
)
NO_ANSWER_YET: Final = Phrase(
    en="I have not answered you here of late. Ask me something first.",
    de="Ich habe dir hier noch nichts beantwortet. Frag mich zuerst etwas.",
    fr="Je ne vous ai pas encore répondu ici. Posez-moi d'abord une question.",
    es="Aún no te he respondido nada aquí. Primero pregúntame algo.",
)
NOTHING_TO_SHOW: Final = Phrase(
    en="There is nothing that I may show you of what this answer rests on. Ask me again to get an "
    "answer of your own.",
    de="Ich darf dir nichts von dem zeigen, worauf diese Antwort beruht. Frag mich selbst, dann "
    "bekommst du eine eigene Antwort.",
    fr="Je ne peux rien vous montrer de ce sur quoi repose cette réponse. Posez-moi la question "
    "pour avoir votre propre réponse.",
    es="No puedo mostrarte nada de aquello en lo que se basa esta respuesta. Pregúntame tú para "
    "tener tu propia respuesta.",
)
THANKS: Final = Phrase(
    en="Thank you, I have noted it.",
    de="Danke, ich habe es notiert.",
    fr="Merci, c'est noté.",
    es="Gracias, lo he anotado.",
)
FORGOTTEN: Final = Phrase(
    en="That answer is forgotten, so there is nothing to note any more.",
    de="Diese Antwort ist vergessen, deshalb gibt es nichts mehr zu notieren.",
    fr="Cette réponse est oubliée, il n'y a donc plus rien à noter.",
    es="Esa respuesta está olvidada, así que ya no hay nada que anotar.",
)
WHAT_WAS_WRONG: Final = Phrase(
    en="What was wrong?", de="Was war falsch?", fr="Qu'est-ce qui n'allait pas ?", es="¿Qué falló?"
)
THE_REASON: Final = Phrase(en="The reason", de="Der Grund", fr="La raison", es="El motivo")
MORE_WORDS: Final = Phrase(
    en="In your words", de="In deinen Worten", fr="Avec vos mots", es="Con tus palabras"
)
SEND: Final = Phrase(en="Send", de="Senden", fr="Envoyer", es="Enviar")
REASON_WRONG: Final = Phrase(
    en="It is wrong", de="Sie ist falsch", fr="Elle est fausse", es="Es incorrecta"
)
REASON_INCOMPLETE: Final = Phrase(
    en="Something is missing",
    de="Es fehlt etwas",
    fr="Il manque quelque chose",
    es="Falta algo",
)
REASON_OUTDATED: Final = Phrase(
    en="It is out of date", de="Sie ist veraltet", fr="Elle est périmée", es="Está anticuada"
)
REASON_MISSED: Final = Phrase(
    en="It misses my question",
    de="Sie geht an der Frage vorbei",
    fr="Elle ne répond pas à la question",
    es="No responde a mi pregunta",
)
REASON_SOURCES: Final = Phrase(
    en="The sources do not say that",
    de="Die Quellen sagen das nicht",
    fr="Les sources ne disent pas cela",
    es="Las fuentes no dicen eso",
)
REASON_OTHER: Final = Phrase(
    en="Something else", de="Etwas anderes", fr="Autre chose", es="Otra cosa"
)
ASKED_AGAIN: Final = Phrase(
    en="I look again.",
    de="Ich sehe noch einmal nach.",
    fr="Je regarde à nouveau.",
    es="Lo miro otra vez.",
)
SHARING: Final = Phrase(
    en="I make an answer that everyone here may read.",
    de="Ich mache eine Antwort, die hier alle lesen dürfen.",
    fr="Je prépare une réponse que tout le monde ici peut lire.",
    es="Preparo una respuesta que todos aquí pueden leer.",
)
NOT_SHARED: Final = Phrase(
    en="I have posted nothing: what everyone here may read does not answer the question.",
    de="Ich habe nichts gepostet: Was hier alle lesen dürfen, beantwortet die Frage nicht.",
    fr="Je n'ai rien publié : ce que tout le monde ici peut lire ne répond pas à la question.",
    es="No he publicado nada: lo que todos aquí pueden leer no responde a la pregunta.",
)
ASKERS_ALONE: Final = Phrase(
    en="Only whoever asked can do that.",
    de="Das kann nur, wer gefragt hat.",
    fr="Seule la personne qui a posé la question peut faire cela.",
    es="Solo puede hacerlo quien preguntó.",
)
ASKED: Final = Phrase(
    en="{name} asked:", de="{name} hat gefragt:", fr="{name} a demandé :", es="{name} preguntó:"
)
SOMEBODY: Final = Phrase(en="Somebody", de="Jemand", fr="Quelqu'un", es="Alguien")
CALLS: Final = Phrase(
    en=" – {name} asks for a person:",
    de=" – {name} bittet um einen Menschen:",
    fr=" – {name} demande une personne :",
    es=" – {name} pide hablar con una persona:",
)
FOUND: Final = Phrase(
    en="What I found:",
    de="Was ich gefunden habe:",
    fr="Ce que j'ai trouvé :",
    es="Lo que encontré:",
)
FOUND_NOTHING: Final = Phrase(
    en="I found nothing that answers it.",
    de="Ich habe nichts gefunden, was das beantwortet.",
    fr="Je n'ai rien trouvé qui y réponde.",
    es="No encontré nada que lo responda.",
)
CALLED_ALREADY: Final = Phrase(
    en="Somebody was called to this answer already.",
    de="Zu dieser Antwort wurde schon jemand gerufen.",
    fr="Quelqu'un a déjà été appelé pour cette réponse.",
    es="Ya se llamó a alguien por esta respuesta.",
)
NOBODY_SET: Final = Phrase(
    en="Nobody is set for this channel whom I could call. An admin can set people with `/channel "
    "set`; until then, please ask somebody whom you know.",
    de="Für diesen Kanal ist niemand festgelegt, den ich rufen könnte. Ein Admin kann das mit "
    "`/channel set` tun; frag bis dahin bitte jemanden, den du kennst.",
    fr="Personne n'est désigné pour ce canal. Un admin peut le faire avec `/channel set` ; en "
    "attendant, adressez-vous à quelqu'un que vous connaissez.",
    es="No hay nadie designado para este canal. Un administrador puede hacerlo con `/channel set`; "
    "hasta entonces, pregunta a alguien que conozcas.",
)
RESOLVED_BY: Final = Phrase(
    en="Resolved by {name}.",
    de="Erledigt von {name}.",
    fr="Résolu par {name}.",
    es="Resuelto por {name}.",
)
NEW_CONVERSATION: Final = Phrase(
    en="A new conversation: your next question does not know what was before.",
    de="Ein neues Gespräch: Deine nächste Frage weiß nichts von dem, was vorher war.",
    fr="Nouvelle conversation : votre prochaine question ne sait rien de ce qui précède.",
    es="Nueva conversación: tu próxima pregunta no sabe nada de lo anterior.",
)
NEW_BY_ITSELF: Final = Phrase(
    en="Here every message to me outside of a thread begins a new conversation by itself.",
    de="Hier beginnt jede Nachricht an mich außerhalb eines Threads von selbst ein neues Gespräch.",
    fr="Ici, chaque message en dehors d'un fil ouvre d'elle-même une nouvelle conversation.",
    es="Aquí cada mensaje fuera de un hilo empieza por sí mismo una nueva conversación.",
)
NOTHING_TO_ANSWER: Final = Phrase(
    en="I find no words in that message that I could answer.",
    de="In dieser Nachricht finde ich keine Worte, die ich beantworten könnte.",
    fr="Je ne trouve dans ce message aucun mot auquel répondre.",
    es="No encuentro en ese mensaje palabras a las que responder.",
)
