"""What can go wrong in retrieval.

RetrievalError
├── StoreUnavailable      the database cannot be reached or refuses us
│   └── StoreTooOld       its version, or pgvector's, is below what Footnote needs
├── SearchTimedOut        a search was not done in the time that it had
├── EmbeddingFailed       the embedding or reranking model could not be loaded or run
│   └── ModelChanged          another model is in use since this work began
├── SourceUnreadable      a source cannot be listed or fetched just now (retry_after)
│   └── SourceRefused         … and waiting does not help: no access, or nothing there
├── DocumentUnreadable    one document cannot be fetched or parsed; the others are not affected
│   └── DocumentGone          … because the source says that it no longer exists
├── UnknownSource         no source of that name
├── UnknownRun            no sync run of that id
├── InvalidSource         a source's settings are not usable
│   ├── InvalidSchedule       … or its schedule is not
│   └── InvalidField          … because of one of them (field)
├── SyncInProgress        the source is being synced already
└── DeletionHeld          a sync would delete more than it may without an admin's word
An error's text says how to mend it; its docstring is the default text.
"""


class RetrievalError(Exception):
    """Retrieval failed."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)


class StoreUnavailable(RetrievalError):
    """The database cannot be reached."""


class StoreTooOld(StoreUnavailable):
    """The database is older than Footnote needs: PostgreSQL 15 and pgvector 0.8."""


class SearchTimedOut(RetrievalError):
    """The search took too long. Ask again, or allow it more with FOOTNOTE_SEARCH_SECONDS."""


class EmbeddingFailed(RetrievalError):
    """The embedding model could not be used."""


class ModelChanged(EmbeddingFailed):
    """The embedding model was changed while the source was synced. Sync it again."""


class SourceUnreadable(RetrievalError):
    """The source cannot be read just now.

    A sync waits and tries again: `retry_after` seconds where the source said so.
    """

    def __init__(self, message: str | None = None, *, retry_after: float | None = None) -> None:
        super().__init__(message or "The source cannot be read just now.")
        self.retry_after = retry_after


class SourceRefused(SourceUnreadable):
    """The source does not let us read it."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class DocumentUnreadable(RetrievalError):
    """The document cannot be read."""


class DocumentGone(DocumentUnreadable):
    """The document no longer exists at its source."""


class UnknownSource(RetrievalError):
    """There is no source of that name."""


class UnknownRun(RetrievalError):
    """There is no sync run of that id."""


class InvalidSource(RetrievalError):
    """The source's settings are not usable."""


class InvalidSchedule(InvalidSource):
    """The source's schedule is not usable."""


class InvalidField(InvalidSource):
    """A setting of the source is not usable."""

    def __init__(self, field: str, message: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class SyncInProgress(RetrievalError):
    """The source is being synced already."""


class DeletionHeld(RetrievalError):
    """The sync would delete unusually many documents, so nothing was deleted."""
