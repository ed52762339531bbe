"""Remembers the vectors of passages in a file, so that a corpus is embedded once for many runs."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.evaluation.datasets import UnusableDataSet
from retrieval.model import EmbeddingModel, EncodedPassages, Span, StoredTokens, Vector
from retrieval.ports import Embedder, TokenEmbedder

FILE = "embeddings.sqlite"
LOOKED_UP = 500
"""Keys in one query: SQLite takes 999 parameters in its oldest builds."""

_TABLE = """
CREATE TABLE IF NOT EXISTS passage (
    key BLOB PRIMARY KEY, vector BLOB NOT NULL, spans BLOB NOT NULL, tokens BLOB NOT NULL,
    token_bytes INTEGER NOT NULL
) WITHOUT ROWID
"""

Encoded = tuple[Vector, Vector, StoredTokens]
"""What is known of one passage: vector (d,), vectors of its spans (k, d), token vectors."""


@contextmanager
def remember_passages(embedder: Embedder, folder: Path | None) -> Iterator[Embedder]:
    """The embedder, with its passages remembered in `folder`; as it is where there is no folder.

    Only what an embedder gives for whole passages is kept: queries are measured, so they are
    embedded anew. Raises UnusableDataSet when the folder cannot be used.
    """
    if folder is None or not isinstance(embedder, TokenEmbedder):
        yield embedder
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / FILE)
    except (OSError, sqlite3.Error) as error:
        raise UnusableDataSet(f"Nothing can be kept in {folder}: {error}.") from error
    with closing(connection):
        yield RememberingEmbedder(embedder, connection)


class RememberingEmbedder:
    """Implements TokenEmbedder over another one. For one task at a time."""

    def __init__(self, embedder: TokenEmbedder, connection: sqlite3.Connection) -> None:
        self._embedder = embedder
        self._connection = connection
        with connection:
            connection.execute(_TABLE)

    @property
    def model(self) -> EmbeddingModel:
        return self._embedder.model

    async def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Not remembered: an embedder of tokens embeds passages by encode_passages."""
        return await self._embedder.embed_passages(texts)

    async def embed_query(self, text: str) -> Vector:
        return await self._embedder.embed_query(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._embedder.count_tokens(texts)

    async def score_tokens(
        self, query: str, passages: Sequence[StoredTokens]
    ) -> NDArray[np.float32]:
        return await self._embedder.score_tokens(query, passages)

    async def encode_passages(
        self, texts: Sequence[str], spans: Sequence[Sequence[Span]]
    ) -> EncodedPassages:
        """As the embedder gives them, from the file where they are known."""
        keys = [self._key(text, own) for text, own in zip(texts, spans, strict=True)]
        known = self._read(keys)
        missing = {key: place for place, key in enumerate(keys) if key not in known}
        if missing:
            places = list(missing.values())
            fresh = await self._embedder.encode_passages(
                [texts[place] for place in places], [spans[place] for place in places]
            )
            made = dict(
                zip(
                    missing, zip(fresh.vectors, fresh.spans, fresh.tokens, strict=True), strict=True
                )
            )
            self._write(made)
            known |= made
        found = [known[key] for key in keys]
        return EncodedPassages(
            np.stack([vector for vector, _, _ in found])
            if found
            else np.empty((0, self.model.dimensions), np.float32),
            tuple(own for _, own, _ in found),
            tuple(tokens for _, _, tokens in found),
        )

    def _key(self, text: str, spans: Sequence[Span]) -> bytes:
        marks = ",".join(f"{span.start}-{span.end}" for span in spans)
        whole = f"{self.model.name}\0{marks}\0{text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(whole, digest_size=16).digest()

    def _read(self, keys: Sequence[bytes]) -> dict[bytes, Encoded]:
        found: dict[bytes, Encoded] = {}
        for start in range(0, len(keys), LOOKED_UP):
            part = keys[start : start + LOOKED_UP]
            rows = self._connection.execute(
                "SELECT key, vector, spans, tokens, token_bytes FROM passage "  # noqa: S608
                f"WHERE key IN ({','.join('?' * len(part))})",
                part,
            )
            for key, vector, spans, tokens, size in rows:
                found[key] = (
                    np.frombuffer(vector, np.float32),
                    np.frombuffer(spans, np.float32).reshape(-1, self.model.dimensions),
                    np.frombuffer(tokens, np.uint8).reshape(-1, size),
                )
        return found

    def _write(self, made: dict[bytes, Encoded]) -> None:
        with self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO passage VALUES (?, ?, ?, ?, ?)",
                [
                    (key, vector.tobytes(), spans.tobytes(), tokens.tobytes(), tokens.shape[1])
                    for key, (vector, spans, tokens) in made.items()
                ],
            )
