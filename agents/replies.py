"""The agent's own few words to the reader, in the reader's language where it is known."""

import re
from collections.abc import Mapping, Sequence

_UNKNOWN = {
    "en": "I don't know: the sources don't seem to cover this.",
    "de": "Das weiß ich nicht: In den Quellen steht dazu anscheinend nichts.",
    "fr": "Je ne sais pas : les sources ne semblent pas en parler.",
    "es": "No lo sé: las fuentes no parecen tratarlo.",
}
_NOTHING_TO_READ = {
    "en": "I don't know: there is no document yet that I could look in here. An admin adds some"
    " with `/sources add`, or on the command line with `footnote sources add`.",
    "de": "Das weiß ich nicht: Es gibt noch kein Dokument, in dem ich hier nachsehen könnte. Admins"
    " fügen welche mit `/sources add` hinzu, auf der Kommandozeile mit `footnote sources add`.",
    "fr": "Je ne sais pas : il n'y a encore aucun document que je puisse consulter ici. Un admin en"
    " ajoute avec `/sources add`, ou en ligne de commande avec `footnote sources add`.",
    "es": "No lo sé: aún no hay ningún documento que pueda consultar aquí. Un admin los añade con"
    " `/sources add`, o en la línea de comandos con `footnote sources add`.",
}
_PART_UNKNOWN = {
    "en": "The sources don't seem to cover this.",
    "de": "Die Quellen sagen dazu anscheinend nichts.",
    "fr": "Les sources ne semblent pas en parler.",
    "es": "Las fuentes no parecen tratarlo.",
}
_NEAREST = {
    "en": "The nearest I found:",
    "de": "Am nächsten kommt:",
    "fr": "Ce qui s'en rapproche le plus :",
    "es": "Lo más cercano que encontré:",
}
_TALK: Mapping[str, Mapping[str, str]] = {
    "greeting": {
        "en": "Hello! Ask me anything that your documents might answer.",
        "de": "Hallo! Frag mich, was eure Dokumente beantworten könnten.",
        "fr": "Bonjour ! Posez-moi une question sur vos documents.",
        "es": "¡Hola! Pregúntame lo que puedan responder vuestros documentos.",
    },
    "thanks": {
        "en": "You're welcome!",
        "de": "Gern geschehen!",
        "fr": "Avec plaisir !",
        "es": "¡De nada!",
    },
    "farewell": {"en": "See you!", "de": "Bis bald!", "fr": "À bientôt !", "es": "¡Hasta luego!"},
    "remark": {
        "en": "I'm here when you want something looked up.",
        "de": "Ich bin da, wenn etwas nachzuschlagen ist.",
        "fr": "Je suis là si vous voulez chercher quelque chose.",
        "es": "Aquí estoy si necesitas buscar algo.",
    },
    "about the bot": {
        "en": (
            "I'm Footnote, a bot. I look your question up in this team's documents and answer from"
            " them, with the sources under each answer. When they don't hold the answer, I say so."
            " Mention me without a question, and I tell what else I can do."
        ),
        "de": (
            "Ich bin Footnote, ein Bot. Ich schlage deine Frage in den Dokumenten des Teams nach"
            " und antworte daraus, mit Quellenangaben. Steht es dort nicht, sage ich das."
            " Erwähne mich ohne eine Frage, dann sage ich, was ich sonst kann."
        ),
        "fr": (
            "Je suis Footnote, un bot. Je cherche la réponse dans les documents de l'équipe et"
            " je cite mes sources. Si elle n'y est pas, je le dis."
            " Mentionnez-moi sans question, et je dirai le reste."
        ),
        "es": (
            "Soy Footnote, un bot. Busco tu pregunta en los documentos del equipo y cito las"
            " fuentes. Si no está ahí, lo digo. Mencióname sin pregunta y te digo"
            " qué más puedo hacer."
        ),
    },
    "command": {
        "en": "That's a command: type it with a slash, such as `/ask` or `/sync`.",
        "de": "Das ist ein Befehl: bitte mit Schrägstrich, etwa `/ask` oder `/sync`.",
        "fr": "C'est une commande : tapez-la avec une barre, par exemple `/ask` ou `/sync`.",
        "es": "Eso es un comando: escríbelo con barra, por ejemplo `/ask` o `/sync`.",
    },
    "unclear": {
        "en": "What would you like to know? Name the thing it is about, and I'll look it up.",
        "de": "Was möchtest du wissen? Nenn mir, worum es geht, dann schlage ich nach.",
        "fr": "Que voulez-vous savoir ? Dites-moi de quoi il s'agit et je chercherai.",
        "es": "¿Qué quieres saber? Dime de qué se trata y lo busco.",
    },
    "task": {
        "en": "I only answer from this team's documents, so I can't do that one.",
        "de": "Ich antworte nur aus den Dokumenten des Teams; das kann ich leider nicht.",
        "fr": "Je ne réponds qu'à partir des documents de l'équipe ; ça, je ne peux pas.",
        "es": "Solo respondo a partir de los documentos del equipo; eso no puedo hacerlo.",
    },
    "override": {
        "en": "I can't do that. I answer questions from this team's documents.",
        "de": "Das kann ich nicht. Ich beantworte Fragen aus den Dokumenten des Teams.",
        "fr": "Je ne peux pas faire cela. Je réponds à partir des documents de l'équipe.",
        "es": "No puedo hacer eso. Respondo preguntas a partir de los documentos del equipo.",
    },
    "remit": {
        "en": "That's outside what I answer in this channel ({}).",
        "de": "Das liegt außerhalb dessen, was ich in diesem Kanal beantworte ({}).",
        "fr": "Cela sort de ce à quoi je réponds dans ce canal ({}).",
        "es": "Eso queda fuera de lo que respondo en este canal ({}).",
    },
}
_NOTICES: Mapping[str, Mapping[str, str]] = {
    "model unavailable": {
        "en": "The answer model is unavailable.",
        "de": "Das Antwortmodell ist nicht erreichbar.",
        "fr": "Le modèle de réponse est indisponible.",
        "es": "El modelo de respuesta no está disponible.",
    },
    "quoted instead": {
        "en": "The answer model is unavailable; this is quoted from the sources instead.",
        "de": "Das Antwortmodell ist nicht erreichbar; dies ist stattdessen aus den Quellen"
        " zitiert.",
        "fr": "Le modèle de réponse est indisponible ; ceci est cité des sources.",
        "es": "El modelo de respuesta no está disponible; esto está citado de las fuentes.",
    },
    "budget spent": {
        "en": "Today's budget for the answer model is spent; this is quoted from the sources.",
        "de": "Das heutige Budget für das Antwortmodell ist aufgebraucht; dies ist aus den Quellen"
        " zitiert.",
        "fr": "Le budget du jour pour le modèle de réponse est épuisé ; ceci est cité des sources.",
        "es": "El presupuesto de hoy para el modelo de respuesta se agotó; esto está citado de las"
        " fuentes.",
    },
    "cannot see": {
        "en": "I can't see images here, so this answer is without {}.",
        "de": "Bilder kann ich hier nicht sehen; diese Antwort kommt ohne {} aus.",
        "fr": "Je ne vois pas les images ici ; cette réponse est donnée sans {}.",
        "es": "Aquí no puedo ver imágenes; esta respuesta es sin {}.",
    },
    "stale": {
        "en": "The newest source of this answer is {} days old.",
        "de": "Die neueste Quelle dieser Antwort ist {} Tage alt.",
        "fr": "La source la plus récente de cette réponse a {} jours.",
        "es": "La fuente más reciente de esta respuesta tiene {} días.",
    },
    "different figures": {
        "en": "Sources [{}] and [{}] give different figures.",
        "de": "Die Quellen [{}] und [{}] nennen verschiedene Zahlen.",
        "fr": "Les sources [{}] et [{}] donnent des chiffres différents.",
        "es": "Las fuentes [{}] y [{}] dan cifras diferentes.",
    },
    "different dates": {
        "en": "Sources [{}] and [{}] give different dates.",
        "de": "Die Quellen [{}] und [{}] nennen verschiedene Daten.",
        "fr": "Les sources [{}] et [{}] donnent des dates différentes.",
        "es": "Las fuentes [{}] y [{}] dan fechas diferentes.",
    },
}


def reply_to(kind: str, language: str) -> str:
    """What to say to small talk, or to what is not ours to answer."""
    return _pick(_TALK[kind], language)


def warn(kind: str, language: str, *values: object) -> str:
    """A warning to stand above an answer."""
    return _pick(_NOTICES[kind], language).format(*values)


def say_outside(remit: str, language: str) -> str:
    """That a question is outside the channel's remit."""
    return _pick(_TALK["remit"], language).replace("{}", remit.strip().rstrip("."))


def say_unknown(nearest: Sequence[str], language: str) -> str:
    """That the sources do not hold the answer, and what comes nearest: lines that end in marks."""
    lines = [_pick(_UNKNOWN, language)]
    if nearest:
        lines.append("\n".join((_pick(_NEAREST, language), *(f"- {line}" for line in nearest))))
    return "\n\n".join(lines)


def say_nothing_to_read(language: str) -> str:
    """That there is nothing yet that could be searched."""
    return _pick(_NOTHING_TO_READ, language)


def say_part_unknown(language: str) -> str:
    """That the sources do not hold the answer to one part of a question."""
    return _pick(_PART_UNKNOWN, language)


def escape(title: str) -> str:
    """A title as Markdown that shows it as it is, and begins no list or heading."""
    plain = re.sub(r"[\\`*_\[\]<>~]", r"\\\g<0>", title)
    return re.sub(r"^(\d+)([.)])|^([#+>-])", r"\1\\\2\3", plain)


def _pick(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language, texts["en"])
