"""The built-in model against sentence-transformers, and as the process uses it."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import EmbeddingFailed
from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.minilm import (
    BATCH_TEXTS,
    MAX_TOKENS,
    MiniLm,
    TextTokens,
    count_cores,
)
from retrieval.inference.minilm_graph import Precision
from retrieval.inference.minilm_weights import (
    MiniLmFiles,
    find_files,
    locate_tensors,
    verify_files,
)
from retrieval.inference.reranker import MaxSimReranker
from retrieval.model import Span

REFERENCE = Path(__file__).parent / "minilm_reference"
TEXTS: list[str] = json.loads((REFERENCE / "texts.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def reference() -> dict[str, np.ndarray]:
    with np.load(REFERENCE / "vectors.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def minilm() -> MiniLm:
    return MiniLm()


@pytest.fixture
def embedder(minilm: MiniLm) -> Iterator[MiniLmEmbedder]:
    embedder = MiniLmEmbedder(minilm)
    yield embedder
    embedder.close()


def test_vectors_equal_those_of_sentence_transformers(
    minilm: MiniLm, reference: dict[str, np.ndarray]
) -> None:
    cosines = (minilm.embed(TEXTS) * reference["sentences"]).sum(axis=1)
    assert len(cosines) >= 60
    assert cosines.min() >= 0.9999


def test_token_states_equal_those_of_sentence_transformers(
    minilm: MiniLm, reference: dict[str, np.ndarray]
) -> None:
    def keep(text: TextTokens) -> TextTokens:
        return text

    counts = reference["token_counts"]
    vectors, kept = minilm.embed_with_tokens(TEXTS[: len(counts)], keep)
    assert [len(text.ids) for text in kept] == counts.tolist()
    states = np.concatenate([text.states for text in kept])
    np.testing.assert_allclose(states, reference["tokens"], atol=1e-4)
    np.testing.assert_allclose(vectors, reference["sentences"][: len(counts)], atol=1e-5)


@pytest.mark.parametrize("threads", [1, 3])
def test_many_texts_get_the_vectors_that_each_gets_alone(minilm: MiniLm, threads: int) -> None:
    def keep(text: TextTokens) -> tuple[int, int]:
        return text.row, len(text.ids)

    texts = TEXTS[:40]
    assert len(texts) > BATCH_TEXTS
    vectors, kept = MiniLm(threads=threads).embed_with_tokens(texts, keep)
    alone = np.concatenate([minilm.embed([text]) for text in texts])
    np.testing.assert_allclose(vectors, alone, atol=1e-5)
    lengths = np.minimum(minilm.count_tokens(texts), MAX_TOKENS)
    assert kept == list(enumerate(lengths.tolist()))


def test_what_goes_wrong_among_many_texts_is_told(minilm: MiniLm) -> None:
    def keep(text: TextTokens) -> None:
        if text.row == 3:
            raise ValueError("the third")

    with pytest.raises(ValueError, match="the third"):
        minilm.embed_with_tokens(TEXTS[:40], keep)


def test_tokens_are_counted_exactly(minilm: MiniLm) -> None:
    texts = ["", "word", "word " * 254, "word " * 400, "unbelievability"]
    assert minilm.count_tokens(texts) == [2, 3, 256, 402, 7]


def test_text_beyond_the_limit_changes_nothing(minilm: MiniLm) -> None:
    start = "word " * (MAX_TOKENS - 2)
    vectors = minilm.embed([start, start + "and something else entirely " * 50])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


@pytest.mark.parametrize(
    ("precision", "mean"), [(Precision.INT8, 0.9985), (Precision.INT8_TENSOR, 0.985)]
)
def test_quantised_vectors_stay_near_the_reference(
    reference: dict[str, np.ndarray], precision: Precision, mean: float
) -> None:
    vectors = MiniLm(precision).embed(TEXTS)
    cosines = (vectors * reference["sentences"]).sum(axis=1)
    assert cosines.mean() >= mean
    assert cosines.min() < 0.9999, "these are not quantised at all"


def test_blockwise_vectors_hardly_depend_on_the_batch() -> None:
    cosines = {}
    for precision in (Precision.INT8, Precision.INT8_TENSOR):
        minilm = MiniLm(precision)
        together = minilm.embed(TEXTS[:20])
        alone = np.concatenate([minilm.embed([text]) for text in TEXTS[:20]])
        cosines[precision] = (together * alone).sum(axis=1).min()
    assert cosines[Precision.INT8] > 0.999 > cosines[Precision.INT8_TENSOR]


def test_every_published_weight_but_the_pooler_is_used(minilm: MiniLm) -> None:
    names = set(locate_tensors(find_files().weights))
    assert len(names) == 5 + 6 * 16 + 2
    assert {name for name in names if name.startswith("pooler")} == {
        "pooler.dense.bias",
        "pooler.dense.weight",
    }


def test_a_changed_weights_file_is_refused(tmp_path: Path) -> None:
    files = find_files()
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(files.weights.read_bytes()[:-1] + b"\x00")
    with pytest.raises(EmbeddingFailed, match="not the published one; install it again"):
        verify_files(MiniLmFiles(weights, files.tokenizer))


def test_a_missing_weights_file_is_told(tmp_path: Path) -> None:
    files = MiniLmFiles(tmp_path / "model.safetensors", find_files().tokenizer)
    with pytest.raises(EmbeddingFailed, match="cannot be read .* install it again"):
        MiniLm(files=files).embed(["text"])


def test_cores_are_counted() -> None:
    assert count_cores() >= 1


async def test_one_pass_gives_vectors_and_tokens(embedder: MiniLmEmbedder) -> None:
    texts = TEXTS[:12]
    vectors, tokens = await embedder.embed_passages_with_tokens(texts)
    np.testing.assert_allclose(vectors, await embedder.embed_passages(texts), atol=1e-5)
    assert [len(rows) for rows in tokens[:3]] == [7, 0, 0]
    assert all(rows.shape[1] == 96 and rows.dtype == np.uint8 for rows in tokens)


async def test_tokens_encoded_at_once_and_late_are_the_same(embedder: MiniLmEmbedder) -> None:
    texts = TEXTS[:12]
    _, stored = await embedder.embed_passages_with_tokens(texts)
    late = await embedder.encode_tokens(texts)
    scores = await embedder.score_tokens("how are backups kept", stored)
    restored = [embedder.codec.restore(rows.tobytes()) for rows in stored]
    assert (await embedder.score_tokens("how are backups kept", restored) == scores).all()
    np.testing.assert_allclose(
        await embedder.score_tokens("how are backups kept", late), scores, atol=5e-3
    )


async def test_two_bits_score_like_whole_states(embedder: MiniLmEmbedder, minilm: MiniLm) -> None:
    def keep(text: TextTokens) -> TextTokens:
        return text

    question = "How do I rotate an API key?"
    passages = [text for text in TEXTS if 20 < len(text) < 200]
    _, whole = minilm.embed_with_tokens([question, *passages], keep)
    query = embedder.codec.encode_query(whole[0].ids, whole[0].states)
    exact = [
        (query @ (text.states / np.linalg.norm(text.states, axis=1, keepdims=True)).T)
        .max(axis=1)
        .sum()
        for text in whole[1:]
    ]
    scores = await MaxSimReranker(embedder).score(question, passages)
    assert np.corrcoef(exact, scores)[0, 1] > 0.95
    assert int(np.argmax(scores)) == int(np.argmax(exact))


async def test_a_query_is_remembered_and_the_oldest_forgotten(minilm: MiniLm) -> None:
    embedder = MiniLmEmbedder(minilm, cached_queries=2)
    first = await embedder.encode_query("first")
    assert await embedder.encode_query("first") is first
    await embedder.encode_query("second")
    await embedder.encode_query("first")
    await embedder.encode_query("third")
    assert await embedder.encode_query("first") is first
    await embedder.encode_query("second")
    await embedder.encode_query("third")
    assert await embedder.encode_query("first") is not first
    embedder.close()


async def test_a_remembered_vector_cannot_be_changed(embedder: MiniLmEmbedder) -> None:
    vector = await embedder.embed_query("first")
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 1


async def test_queries_are_answered_while_passages_are_embedded(embedder: MiniLmEmbedder) -> None:
    passages = asyncio.create_task(embedder.embed_passages(["word " * 200] * 48))
    await embedder.embed_query("does this wait for the passages?")
    assert not passages.done()
    assert (await passages).shape == (48, 384)


def test_one_embedder_serves_several_event_loops(embedder: MiniLmEmbedder) -> None:
    vectors = [asyncio.run(embedder.embed_query(text)) for text in ("one", "two", "one")]
    np.testing.assert_array_equal(vectors[0], vectors[2])


async def test_the_event_loop_stays_free_during_embedding(embedder: MiniLmEmbedder) -> None:
    await embedder.start()
    passages = asyncio.create_task(embedder.embed_passages(["word " * 200] * 16))
    turns = 0
    while not passages.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 100


def test_precisions_have_models_of_different_names() -> None:
    embedders = [MiniLmEmbedder(MiniLm(precision)) for precision in Precision]
    assert len({embedder.model.name for embedder in embedders}) == len(Precision)
    for embedder in embedders:
        embedder.close()


async def test_spans_are_pooled_in_the_pass_that_embeds_their_text(
    embedder: MiniLmEmbedder, minilm: MiniLm
) -> None:
    text = "Backups run nightly. Keys are rotated monthly. ?"
    spans = [Span(0, 20), Span(21, 46), Span(47, 48)]
    encoded = await embedder.encode_passages([text, "word"], [spans, []])
    np.testing.assert_allclose(encoded.vectors, minilm.embed([text, "word"]), atol=1e-5)
    assert [pooled.shape for pooled in encoded.spans] == [(2, 384), (0, 384)]

    def keep(tokens: TextTokens) -> TextTokens:
        return tokens

    _, [whole] = minilm.embed_with_tokens([text], keep)
    for vector, tokens in zip(encoded.spans[0], (slice(1, 6), slice(6, 11)), strict=True):
        mean = whole.states[tokens].mean(axis=0)
        np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), atol=1e-4)
    queries = [await embedder.embed_query(query) for query in ("backups", "key rotation")]
    assert (encoded.spans[0] @ np.array(queries).T).argmax(axis=0).tolist() == [0, 1]
