"""What retrieval needs from the outside, by role."""

from retrieval.ports.index import IndexSnapshot, PassageIndex
from retrieval.ports.models import Embedder, Reranker, TokenEmbedder
from retrieval.ports.reading import Connector, Parser, Transcript
from retrieval.ports.reindexing import ReindexStore
from retrieval.ports.syncs import DocumentStore, Progress, SyncRecords, SyncRunner

__all__ = [
    "Connector",
    "DocumentStore",
    "Embedder",
    "IndexSnapshot",
    "Parser",
    "PassageIndex",
    "Progress",
    "ReindexStore",
    "Reranker",
    "SyncRecords",
    "SyncRunner",
    "TokenEmbedder",
    "Transcript",
]
