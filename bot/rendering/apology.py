"""What people are told when something failed: every error of ours has its words here, once.

The words say what happened and what to do next, and nothing that only some may know.
"""

from dataclasses import dataclass

from agents import errors as agent
from bot import errors as bot
from retrieval import errors as retrieval


@dataclass(frozen=True, slots=True)
class Apology:
    """The words for an error, and how often the work is tried before they are said."""

    words: str
    tries: int = 1


UNEXPECTED = Apology(
    "Something went wrong on my side. Please ask again; if it happens again, tell an admin.", 2
)

APOLOGIES: dict[type[Exception], Apology] = {
    retrieval.RetrievalError: Apology(
        "I could not search the sources just now. Please ask again in a minute.", 2
    ),
    retrieval.StoreUnavailable: Apology(
        "I cannot reach my database just now. Please ask again in a minute.", 5
    ),
    retrieval.StoreTooOld: Apology(
        "My database is too old. An admin has to update it: `footnote doctor` says how."
    ),
    retrieval.EmbeddingFailed: Apology(
        "I could not search the sources: the embedding model does not work. "
        "Please ask again in a minute, or tell an admin.",
        3,
    ),
    retrieval.ModelChanged: Apology(
        "The embedding model was changed while the source was synced. Please sync it again.", 3
    ),
    retrieval.SourceUnreadable: Apology(
        "The source cannot be read just now. Check that it is up and that its access is still "
        "valid, then sync again."
    ),
    retrieval.SourceRefused: Apology(
        "The source does not let me in. An admin has to check its address and its token."
    ),
    retrieval.DocumentUnreadable: Apology("The document cannot be read."),
    retrieval.DocumentGone: Apology("The document no longer exists at its source."),
    retrieval.UnknownSource: Apology("There is no source of that name."),
    retrieval.UnknownRun: Apology("There is no sync run of that id."),
    retrieval.InvalidSource: Apology(
        "The source's settings cannot be used. An admin has to correct them."
    ),
    retrieval.InvalidSchedule: Apology(
        "That is no schedule: it has five fields, as in `0 6 * * 1-5`, and a time zone."
    ),
    retrieval.InvalidField: Apology(
        "A setting of the source cannot be used. An admin has to correct it."
    ),
    retrieval.SyncInProgress: Apology("That source is being synced already."),
    retrieval.DeletionHeld: Apology(
        "The sync would have deleted unusually many documents, so nothing was deleted. "
        "An admin should look at the source first."
    ),
    agent.AgentError: Apology("I could not work out an answer. Please ask again.", 2),
    agent.ModelUnavailable: Apology(
        "The answer model cannot be reached just now. Please ask again in a minute.", 3
    ),
    agent.MalformedModelOutput: Apology(
        "The answer model gave me nothing usable. Please ask again, perhaps in other words.", 2
    ),
    agent.BudgetExceeded: Apology(
        "That took longer than I may spend on one question. Try a narrower question, or ask its "
        "parts one by one."
    ),
    agent.UnknownModel: Apology(
        "The answer model in my settings cannot be loaded. An admin has to correct "
        "FOOTNOTE_CHAT_MODEL."
    ),
    bot.BotError: UNEXPECTED,
    bot.SettingsInvalid: Apology(
        "One of my settings is wrong. An admin has to correct it: `footnote doctor` says which."
    ),
    bot.DeliveryFailed: Apology("My answer could not be delivered. Please ask again.", 5),
    bot.RateLimited: Apology("I am asked to slow down here. Please ask again in a minute.", 5),
    bot.DeliveryRefused: Apology("I may not post my answer there."),
    bot.ConnectionRefused: Apology(
        "My access to this workspace is no longer valid. An admin has to renew it."
    ),
    bot.NotPermitted: Apology("Sorry, that is for admins. Ask one of them, or ask me a question."),
}


def find_apology(error: BaseException) -> Apology:
    """The words for an error, those of its nearest ancestor if it has none of its own."""
    for kind in type(error).__mro__:
        if kind in APOLOGIES:
            return APOLOGIES[kind]
    return UNEXPECTED
