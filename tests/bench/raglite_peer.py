"""RAGLite's side of the benchmarks, in the peers' own environment.

`python -m tests.bench.raglite_peer DATABASE_URL MODEL_FOLDER TEXTS.jsonl` inserts texts as RAGLite
does by default. Some of its parts come from a model hub, which a benchmark does without: it is
given the vectors of our own model at our own speed, and sentences that end where punctuation says
so instead of where its splitting model does. Both make it faster than it is. Its reranker is left
out; its default search does not use it. Prints one line of JSON.
"""

import json
import re
import resource
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import litellm
import numpy as np
import raglite
import raglite._embed
import raglite._split_sentences
from sqlmodel import Session, text

from retrieval.inference.minilm import MiniLm
from retrieval.inference.minilm_weights import MiniLmFiles
from tests.bench.peer_address import as_url

EMBEDDER = "minilm"
SENTENCE_END = re.compile(r"[.!?]['\")\]]*\s|\n\s*\n")


class PunctuationSplitter:
    """Stands in for RAGLite's sentence model: a boundary at the end of each match, none else."""

    def predict_proba(self, document: str, **_: Any) -> np.ndarray:
        likely = np.zeros(len(document), np.float32)
        for match in SENTENCE_END.finditer(document):
            likely[match.end() - 1] = 1
        return likely


def open_raglite(url: str, model: Path) -> raglite.RAGLiteConfig:
    """RAGLite's defaults over this database, with the vectors of the model in this folder."""
    warnings.filterwarnings("ignore")
    minilm = MiniLm(files=MiniLmFiles(model / "model.safetensors", model / "tokenizer.json"))
    minilm.load()

    def embed(texts: Sequence[str], **_: Any) -> np.ndarray:
        return minilm.embed(list(texts)).astype(np.float16)

    raglite._embed._embed_string_batch = embed
    raglite._split_sentences._load_sat = lambda: (PunctuationSplitter(), {})
    described = {"output_vector_size": 384, "litellm_provider": "openai", "mode": "embedding"}
    litellm.register_model({EMBEDDER: described})
    return raglite.RAGLiteConfig(
        db_url=as_url(url), embedder=EMBEDDER, llm="gpt-4o-mini", reranker=None
    )


def main(url: str, model: Path, texts: Path) -> None:
    lines = [json.loads(line) for line in texts.read_text(encoding="utf-8").splitlines()]
    documents = [
        raglite.Document.from_text(f"# {one['title'] or number}\n\n{one['text']}", id=str(number))
        for number, one in enumerate(lines)
    ]
    config = open_raglite(url, model)
    raglite.insert_documents(documents[:1], config=config)
    start, spent = time.perf_counter(), time.process_time()
    raglite.insert_documents(documents, config=config)
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    with Session(raglite._database.create_database_engine(config)) as session:
        chunks, characters = session.exec(
            text("SELECT count(*), sum(length(body)) FROM chunk")
        ).one()
    row = {
        "name": "RAGLite, defaults, our vectors",
        "chunks": chunks,
        "characters": characters,
        "seconds": seconds,
        "cpu": spent,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    }
    print(json.dumps({"rows": [row]}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
