"""What people are told when something failed: every error of ours has its words here, once.

The words say what happened and what to do next, and nothing that only some may know.
"""

from dataclasses import dataclass

from agents import errors as agent
from bot import errors as bot
from bot.rendering.phrases import Phrase
from retrieval import errors as retrieval


@dataclass(frozen=True, slots=True)
class Apology:
    """The words for an error, and how often the work is tried before they are said."""

    words: Phrase
    tries: int = 1


UNEXPECTED = Apology(
    Phrase(
        en="Something went wrong on my side. Please ask again; if it happens again, tell an admin.",
        de="Bei mir ist etwas schiefgegangen. Bitte frag noch einmal; passiert es wieder, sag es "
        "jemandem vom Admin-Team.",
        fr="Quelque chose s'est mal passé de mon côté. Posez la question à nouveau ; si cela se "
        "reproduit, prévenez un admin.",
        es="Algo ha fallado por mi parte. Pregunta otra vez; si vuelve a pasar, avisa a un admin.",
    ),
    2,
)

SEARCH_FAILED = Apology(
    Phrase(
        en="I could not search the sources just now. Please ask again in a minute.",
        de="Ich konnte gerade nicht in den Quellen suchen. Bitte frag in einer Minute noch einmal.",
        fr="Je n'ai pas pu chercher dans les sources. Posez la question à nouveau dans une minute.",
        es="Ahora mismo no he podido buscar en las fuentes. Pregunta otra vez en un minuto.",
    ),
    2,
)

APOLOGIES: dict[type[Exception], Apology] = {
    retrieval.RetrievalError: SEARCH_FAILED,
    retrieval.SearchTimedOut: SEARCH_FAILED,
    retrieval.StoreUnavailable: Apology(
        Phrase(
            en="I cannot reach my database just now. Please ask again in a minute.",
            de="Ich erreiche meine Datenbank gerade nicht. Bitte frag in einer Minute noch einmal.",
            fr="Ma base de données ne répond pas. Posez la question à nouveau dans une minute.",
            es="Mi base de datos no responde. Pregunta otra vez en un minuto.",
        ),
        5,
    ),
    retrieval.StoreTooOld: Apology(
        Phrase(
            en="My database is too old. An admin has to update it: `footnote doctor` says how.",
            de="Meine Datenbank ist zu alt. Ein Admin muss sie erneuern: `footnote doctor` sagt "
            "wie.",
            fr="Ma base de données est trop ancienne. Un admin doit la mettre à jour : "
            "`footnote doctor` dit comment.",
            es="Mi base de datos es demasiado antigua. Un admin tiene que actualizarla: "
            "`footnote doctor` dice cómo.",
        )
    ),
    retrieval.EmbeddingFailed: Apology(
        Phrase(
            en="I could not search the sources: the embedding model does not work. "
            "Please ask again in a minute, or tell an admin.",
            de="Ich konnte nicht in den Quellen suchen: Das Embedding-Modell geht nicht. "
            "Bitte frag in einer Minute noch einmal, oder sag es einem Admin.",
            fr="Je n'ai pas pu chercher dans les sources : le modèle d'embedding ne fonctionne "
            "pas. Posez la question à nouveau dans une minute, ou prévenez un admin.",
            es="No he podido buscar en las fuentes: el modelo de embeddings no funciona. "
            "Pregunta otra vez en un minuto, o avisa a un admin.",
        ),
        3,
    ),
    retrieval.ModelChanged: Apology(
        Phrase(
            en="The embedding model was changed while the source was synced. Please sync it again.",
            de="Das Embedding-Modell wurde während des Abgleichs der Quelle gewechselt. Bitte "
            "gleiche sie noch einmal ab.",
            fr="Le modèle d'embedding a changé pendant la synchronisation de la source. "
            "Synchronisez-la à nouveau.",
            es="El modelo de embeddings cambió mientras se sincronizaba la fuente. Sincronízala "
            "otra vez.",
        ),
        3,
    ),
    retrieval.SourceUnreadable: Apology(
        Phrase(
            en="The source cannot be read just now. Check that it is up and that its access is "
            "still valid, then sync again.",
            de="Die Quelle ist gerade nicht lesbar. Prüfe, ob sie läuft und der Zugang noch gilt, "
            "und gleiche sie dann noch einmal ab.",
            fr="La source ne peut pas être lue. Vérifiez qu'elle est en ligne et que son accès est "
            "encore valable, puis synchronisez à nouveau.",
            es="La fuente no se puede leer ahora. Comprueba que está en marcha y que su acceso "
            "sigue siendo válido, y sincronízala otra vez.",
        )
    ),
    retrieval.SourceRefused: Apology(
        Phrase(
            en="The source does not let me in. An admin has to check its address and its token.",
            de="Die Quelle lässt mich nicht hinein. Ein Admin muss Adresse und Token prüfen.",
            fr="La source me refuse l'accès. Un admin doit vérifier son adresse et son jeton.",
            es="La fuente no me deja entrar. Un admin tiene que revisar su dirección y su token.",
        )
    ),
    retrieval.DocumentUnreadable: Apology(
        Phrase(
            en="The document cannot be read.",
            de="Das Dokument ist nicht lesbar.",
            fr="Le document ne peut pas être lu.",
            es="El documento no se puede leer.",
        )
    ),
    retrieval.DocumentGone: Apology(
        Phrase(
            en="The document no longer exists at its source.",
            de="Das Dokument gibt es in seiner Quelle nicht mehr.",
            fr="Le document n'existe plus dans sa source.",
            es="El documento ya no existe en su fuente.",
        )
    ),
    retrieval.UnknownSource: Apology(
        Phrase(
            en="There is no source of that name.",
            de="Eine Quelle dieses Namens gibt es nicht.",
            fr="Il n'y a pas de source de ce nom.",
            es="No hay ninguna fuente con ese nombre.",
        )
    ),
    retrieval.UnknownRun: Apology(
        Phrase(
            en="There is no sync run of that id.",
            de="Einen Abgleich mit dieser Kennung gibt es nicht.",
            fr="Il n'y a pas de synchronisation de cet identifiant.",
            es="No hay ninguna sincronización con ese identificador.",
        )
    ),
    retrieval.InvalidSource: Apology(
        Phrase(
            en="The source's settings cannot be used. An admin has to correct them.",
            de="Die Einstellungen der Quelle sind unbrauchbar. Ein Admin muss sie berichtigen.",
            fr="Les réglages de la source sont inutilisables. Un admin doit les corriger.",
            es="Los ajustes de la fuente no sirven. Un admin tiene que corregirlos.",
        )
    ),
    retrieval.InvalidSchedule: Apology(
        Phrase(
            en="That is no schedule: it has five fields, as in `0 6 * * 1-5`, and a time zone.",
            de="Das ist kein Zeitplan: Er hat fünf Felder, wie `0 6 * * 1-5`, und eine Zeitzone.",
            fr="Ce n'est pas un horaire : il a cinq champs, comme `0 6 * * 1-5`, et un fuseau "
            "horaire.",
            es="Eso no es un horario: tiene cinco campos, como `0 6 * * 1-5`, y una zona horaria.",
        )
    ),
    retrieval.InvalidField: Apology(
        Phrase(
            en="A setting of the source cannot be used. An admin has to correct it.",
            de="Eine Einstellung der Quelle ist unbrauchbar. Ein Admin muss sie berichtigen.",
            fr="Un réglage de la source est inutilisable. Un admin doit le corriger.",
            es="Un ajuste de la fuente no sirve. Un admin tiene que corregirlo.",
        )
    ),
    retrieval.SyncInProgress: Apology(
        Phrase(
            en="That source is being synced already.",
            de="Diese Quelle wird schon abgeglichen.",
            fr="Cette source est déjà en cours de synchronisation.",
            es="Esa fuente ya se está sincronizando.",
        )
    ),
    retrieval.DeletionHeld: Apology(
        Phrase(
            en="The sync would have deleted unusually many documents, so nothing was deleted. "
            "An admin should look at the source first.",
            de="Der Abgleich hätte ungewöhnlich viele Dokumente gelöscht, darum wurde keines "
            "gelöscht. Ein Admin sollte sich zuerst die Quelle ansehen.",
            fr="La synchronisation aurait supprimé un nombre inhabituel de documents ; rien n'a "
            "été supprimé. Un admin devrait d'abord regarder la source.",
            es="La sincronización habría borrado demasiados documentos, así que no se borró nada. "
            "Un admin debería mirar primero la fuente.",
        )
    ),
    agent.AgentError: Apology(
        Phrase(
            en="I could not work out an answer. Please ask again.",
            de="Ich konnte keine Antwort finden. Bitte frag noch einmal.",
            fr="Je n'ai pas pu établir de réponse. Posez la question à nouveau.",
            es="No he podido elaborar una respuesta. Pregunta otra vez.",
        ),
        2,
    ),
    agent.ModelUnavailable: Apology(
        Phrase(
            en="The answer model cannot be reached just now. Please ask again in a minute.",
            de="Das Antwortmodell ist gerade nicht erreichbar. Bitte frag in einer Minute noch "
            "einmal.",
            fr="Le modèle de réponse est injoignable. Posez la question à nouveau dans une minute.",
            es="El modelo de respuesta no está disponible. Pregunta otra vez en un minuto.",
        ),
        3,
    ),
    agent.MalformedModelOutput: Apology(
        Phrase(
            en="The answer model gave me nothing usable. Please ask again, perhaps in other words.",
            de="Das Antwortmodell gab nichts Brauchbares her. Bitte frag noch einmal, vielleicht "
            "mit anderen Worten.",
            fr="Le modèle de réponse n'a rien donné d'utilisable. Posez la question à nouveau, "
            "peut-être en d'autres mots.",
            es="El modelo de respuesta no me dio nada útil. Pregunta otra vez, quizá con otras "
            "palabras.",
        ),
        2,
    ),
    agent.BudgetExceeded: Apology(
        Phrase(
            en="That took longer than I may spend on one question. Try a narrower question, or "
            "ask its parts one by one.",
            de="Das hat länger gedauert, als ich für eine Frage brauchen darf. Frag enger, oder "
            "frag die Teile einzeln.",
            fr="Cela a pris plus de temps que je n'en ai pour une question. Posez une question "
            "plus précise, ou ses parties une à une.",
            es="Eso ha llevado más tiempo del que puedo dedicar a una pregunta. Haz una pregunta "
            "más concreta, o pregunta sus partes una a una.",
        )
    ),
    agent.UnknownModel: Apology(
        Phrase(
            en="The answer model in my settings cannot be loaded. An admin has to correct "
            "FOOTNOTE_CHAT_MODEL.",
            de="Das Antwortmodell in meinen Einstellungen lässt sich nicht laden. Ein Admin muss "
            "FOOTNOTE_CHAT_MODEL berichtigen.",
            fr="Le modèle de réponse de mes réglages ne peut pas être chargé. Un admin doit "
            "corriger FOOTNOTE_CHAT_MODEL.",
            es="El modelo de respuesta de mis ajustes no se puede cargar. Un admin tiene que "
            "corregir FOOTNOTE_CHAT_MODEL.",
        )
    ),
    bot.BotError: UNEXPECTED,
    bot.SettingsInvalid: Apology(
        Phrase(
            en="One of my settings is wrong. An admin has to correct it: `footnote doctor` says "
            "which.",
            de="Eine meiner Einstellungen ist falsch. Ein Admin muss sie berichtigen: "
            "`footnote doctor` sagt welche.",
            fr="Un de mes réglages est faux. Un admin doit le corriger : `footnote doctor` dit "
            "lequel.",
            es="Uno de mis ajustes es incorrecto. Un admin tiene que corregirlo: `footnote doctor` "
            "dice cuál.",
        )
    ),
    bot.DeliveryFailed: Apology(
        Phrase(
            en="My answer could not be delivered. Please ask again.",
            de="Meine Antwort ließ sich nicht zustellen. Bitte frag noch einmal.",
            fr="Ma réponse n'a pas pu être remise. Posez la question à nouveau.",
            es="Mi respuesta no se pudo entregar. Pregunta otra vez.",
        ),
        5,
    ),
    bot.RateLimited: Apology(
        Phrase(
            en="I am asked to slow down here. Please ask again in a minute.",
            de="Ich soll hier langsamer machen. Bitte frag in einer Minute noch einmal.",
            fr="On me demande de ralentir ici. Posez la question à nouveau dans une minute.",
            es="Aquí me piden ir más despacio. Pregunta otra vez en un minuto.",
        ),
        5,
    ),
    bot.DeliveryRefused: Apology(
        Phrase(
            en="I may not post my answer there.",
            de="Dort darf ich meine Antwort nicht schreiben.",
            fr="Je ne peux pas écrire ma réponse là-bas.",
            es="No puedo publicar mi respuesta ahí.",
        )
    ),
    bot.AppNotInstalled: Apology(
        Phrase(
            en="I am not installed in this workspace any more. An admin has to install me again.",
            de="Ich bin in diesem Arbeitsbereich nicht mehr installiert. Ein Admin muss mich "
            "wieder installieren.",
            fr="Je ne suis plus installé dans cet espace de travail. Un admin doit me réinstaller.",
            es="Ya no estoy instalado en este espacio de trabajo. Un admin tiene que volver a "
            "instalarme.",
        )
    ),
    bot.AnswerStopped: Apology(
        Phrase(en="Stopped.", de="Angehalten.", fr="Arrêté.", es="Detenido.")
    ),
    bot.ConnectionRefused: Apology(
        Phrase(
            en="My access to this workspace is no longer valid. An admin has to renew it.",
            de="Mein Zugang zu diesem Arbeitsbereich gilt nicht mehr. Ein Admin muss ihn erneuern.",
            fr="Mon accès à cet espace de travail n'est plus valable. Un admin doit le renouveler.",
            es="Mi acceso a este espacio de trabajo ya no vale. Un admin tiene que renovarlo.",
        )
    ),
    bot.InvalidSetting: Apology(
        Phrase(
            en="That setting of the channel cannot be used. An admin has to correct it.",
            de="Diese Einstellung des Kanals ist unbrauchbar. Ein Admin muss sie berichtigen.",
            fr="Ce réglage du canal est inutilisable. Un admin doit le corriger.",
            es="Ese ajuste del canal no se puede usar. Un admin tiene que corregirlo.",
        )
    ),
    bot.NotPermitted: Apology(
        Phrase(
            en="Sorry, that is for admins. Ask one of them, or ask me a question.",
            de="Das ist leider nur für Admins. Frag jemanden von ihnen, oder stell mir eine Frage.",
            fr="Désolé, c'est pour les admins. Demandez à l'un d'eux, ou posez-moi une question.",
            es="Lo siento, eso es para admins. Pídeselo a uno, o hazme una pregunta.",
        )
    ),
}


def find_apology(error: BaseException) -> Apology:
    """The words for an error, those of its nearest ancestor if it has none of its own."""
    for kind in type(error).__mro__:
        if kind in APOLOGIES:
            return APOLOGIES[kind]
    return UNEXPECTED
