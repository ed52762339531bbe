"""A peer's ranking of a judged data set, in the peers' own environment.

`python -m tests.bench.quality_peer langchain|raglite DATABASE_URL MODEL_FOLDER DATA_FOLDER QUERIES
[DOCUMENTS]` brings the corpus in as the peer does by default, with the vectors of our own model so
that nothing but the way of searching differs, and prints one line of JSON: for each way, the
documents found for each query, best first.
"""

import json
import sys
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from retrieval.evaluation.datasets import DataSet, load_data_set
from retrieval.inference.minilm import MiniLm
from retrieval.inference.minilm_weights import MiniLmFiles

DEPTH = 100
"""Passages asked for, of which a document may have several."""

Rankings = dict[str, list[str]]
"""Document ids, best first, by query id."""


def rank_langchain(url: str, model: Path, data_set: DataSet) -> dict[str, Rankings]:
    """The tutorials' way: 1,000 characters with 200 of overlap, the nearest vectors."""
    from langchain_core.documents import Document
    from langchain_core.embeddings import Embeddings
    from langchain_postgres import PGVector
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from tests.bench.peer_address import as_url

    minilm = MiniLm(files=MiniLmFiles(model / "model.safetensors", model / "tokenizer.json"))

    class OurVectors(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return minilm.embed(texts).tolist()

        def embed_query(self, text: str) -> list[float]:
            return minilm.embed([text])[0].tolist()

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    documents = splitter.split_documents(
        Document(f"{one.title}\n\n{one.text}".strip(), metadata={"id": one.id})
        for one in data_set.documents
    )
    store = PGVector(embeddings=OurVectors(), collection_name="bench", connection=as_url(url))
    for start in range(0, len(documents), 1000):
        store.add_documents(documents[start : start + 1000])

    def search(query: str) -> Iterable[str]:
        return (hit.metadata["id"] for hit in store.similarity_search(query, k=DEPTH))

    return {"LangChain PGVector": _rank(data_set, search)}


def rank_raglite(url: str, model: Path, data_set: DataSet) -> dict[str, Rankings]:
    """RAGLite's default search by vectors, and its hybrid one."""
    import raglite

    from tests.bench.raglite_peer import open_raglite

    config = open_raglite(url, model)
    known = {one.id: one for one in data_set.documents if one.text.strip()}
    documents = [
        raglite.Document.from_text(f"# {one.title or one.id}\n\n{one.text}", id=one.id)
        for one in known.values()
    ]
    raglite.insert_documents(documents, config=config)

    def use(method: Callable[..., tuple[list[str], list[float]]]) -> Rankings:
        def search(query: str) -> Iterable[str]:
            found, _ = method(query, num_results=DEPTH, config=config)
            return [chunk.document_id for chunk in raglite.retrieve_chunks(found, config=config)]

        return _rank(data_set, search)

    return {
        "RAGLite, vectors": use(raglite.vector_search),
        "RAGLite, hybrid": use(raglite.hybrid_search),
    }


def _rank(data_set: DataSet, search: Callable[[str], Iterable[str]]) -> Rankings:
    return {query.id: list(dict.fromkeys(search(query.text))) for query in data_set.queries}


PEERS = {"langchain": rank_langchain, "raglite": rank_raglite}


def main(arguments: Sequence[str]) -> None:
    warnings.filterwarnings("ignore")
    peer, url, model, folder, queries, *documents = arguments
    data_set = load_data_set(Path(folder)).thin_out(int(queries))
    if documents:
        data_set = data_set.thin_corpus(int(documents[0]))
    print(json.dumps(PEERS[peer](url, Path(model), data_set)))


if __name__ == "__main__":
    main(sys.argv[1:])
