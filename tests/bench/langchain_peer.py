"""LangChain's side of the ingestion benchmark, in the peers' own environment.

`python -m tests.bench.langchain_peer tutorial|same-chunks DATABASE_URL MODEL_FOLDER TEXTS.jsonl`:
the store of LangChain's tutorials (RecursiveCharacterTextSplitter 1000/200, HuggingFaceEmbeddings,
PGVector), or the same store given chunks that are ready. Prints one line of JSON.
"""

import json
import resource
import sys
import time
from pathlib import Path

from langchain_core.documents import Document
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_postgres import PGVector
from langchain_text_splitters import RecursiveCharacterTextSplitter

from tests.bench.peer_address import as_url


def main(kind: str, url: str, model: str, texts: Path) -> None:
    lines = [json.loads(line) for line in texts.read_text(encoding="utf-8").splitlines()]
    documents = [
        Document(page_content=f"{one['title']}\n\n{one['text']}".strip(), metadata={"number": n})
        for n, one in enumerate(lines)
    ]
    embeddings = HuggingFaceEmbeddings(model_name=model, model_kwargs={"device": "cpu"})
    embeddings.embed_query("warm up")
    store = PGVector(embeddings=embeddings, collection_name="bench", connection=as_url(url))
    start, spent = time.perf_counter(), time.process_time()
    if kind == "tutorial":
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
        documents = splitter.split_documents(documents)
    store.add_documents(documents)
    seconds, spent = time.perf_counter() - start, time.process_time() - spent
    row = {
        "name": f"LangChain PGVector, {kind.replace('-', ' ')}",
        "chunks": len(documents),
        "characters": sum(len(one.page_content) for one in documents),
        "seconds": seconds,
        "cpu": spent,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10,
    }
    print(json.dumps({"rows": [row]}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
