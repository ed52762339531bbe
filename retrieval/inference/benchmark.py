"""How fast the built-in model is here: `python -m retrieval.inference.benchmark [--json]`.

All variants take turns over the same texts in the same run, and the best turn of each counts, so
that the ratios hold on a machine that others use too. sentence-transformers takes part where it is
installed.
"""

import argparse
import importlib
import importlib.util
import json
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from retrieval.inference.minilm import MiniLm, TextTokens
from retrieval.inference.minilm_graph import Precision
from retrieval.inference.minilm_weights import find_files
from retrieval.inference.token_vectors import TokenCodec, TokenVectors

Embed = Callable[[Sequence[str]], object]
MEAN_WORDS = 170
QUERY_WORDS = 9
PASSAGES = 50


def write_texts(minilm: MiniLm, count: int, words: int) -> list[str]:
    """`count` texts of whole words drawn by Zipf's law, `words` each on average, from a third of
    that to one and two thirds."""
    vocabulary = minilm.vocabulary()
    known = [word for word, _ in sorted(vocabulary.items(), key=lambda item: item[1])]
    known = [word for word in known[vocabulary["the"] :] if word.isalpha()]
    generator = np.random.default_rng(0)
    odds = 1 / np.arange(1, len(known) + 1)
    lengths = generator.integers(words // 3, words * 5 // 3 + 1, count)
    return [" ".join(generator.choice(known, n, p=odds / odds.sum())) for n in lengths]


def measure_in_turns(
    variants: dict[str, Embed], texts: Sequence[str], turns: int
) -> dict[str, float]:
    """Texts per second of each variant's best turn."""
    best = dict.fromkeys(variants, 0.0)
    for _ in range(turns):
        for name, embed in variants.items():
            start = time.perf_counter()
            embed(texts)
            best[name] = max(best[name], len(texts) / (time.perf_counter() - start))
    return best


def measure_queries(embed: Embed, queries: Sequence[str]) -> float:
    """Median milliseconds of one query."""
    taken = []
    for query in queries:
        start = time.perf_counter()
        embed([query])
        taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000


def measure_maxsim(minilm: MiniLm, texts: Sequence[str]) -> dict[str, float]:
    """Milliseconds to score PASSAGES stored passages for a query, and what one of them takes."""
    codec = TokenCodec(minilm.vocabulary())

    def keep(text: TextTokens) -> TokenVectors:
        return codec.encode_passage(text.ids, text.states)

    def keep_all(text: TextTokens) -> TextTokens:
        return text

    _, stored = minilm.embed_with_tokens(texts[:PASSAGES], keep)
    _, [query] = minilm.embed_with_tokens(write_texts(minilm, 1, QUERY_WORDS), keep_all)
    encoded = codec.encode_query(query.ids, query.states)
    taken = []
    for _ in range(20):
        start = time.perf_counter()
        codec.score(encoded, stored)
        taken.append(time.perf_counter() - start)
    size = statistics.mean(tokens.nbytes for tokens in stored)
    return {"ms": round(statistics.median(taken) * 1000, 2), "bytes_a_passage": round(size)}


def collect_variants() -> dict[str, Embed]:
    models = {str(precision): MiniLm(precision) for precision in Precision}
    variants: dict[str, Embed] = {name: model.embed for name, model in models.items()}
    if importlib.util.find_spec("sentence_transformers") is not None:
        library = importlib.import_module("sentence_transformers")
        model = library.SentenceTransformer(str(find_files().weights.parent), device="cpu")
        variants["sentence-transformers"] = model.encode
    return variants


def run(count: int, turns: int) -> dict[str, object]:
    """Every figure, ready for JSON."""
    minilm = MiniLm()
    texts = write_texts(minilm, count, MEAN_WORDS)
    queries = write_texts(minilm, 50, QUERY_WORDS)
    variants = collect_variants()
    for embed in variants.values():
        embed(texts[:4])
    rates = measure_in_turns(variants, texts, turns)
    return {
        "texts": count,
        "tokens_a_text": round(statistics.mean(minilm.count_tokens(texts)), 1),
        "texts_per_second": {name: round(rate, 1) for name, rate in rates.items()},
        "query_p50_ms": {
            name: round(measure_queries(embed, queries), 2) for name, embed in variants.items()
        },
        f"maxsim_{PASSAGES}_passages": measure_maxsim(minilm, texts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the built-in embedding model.")
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    arguments = parser.parse_args()
    figures = run(arguments.texts, arguments.turns)
    print(json.dumps(figures, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
