"""A cross-encoder from a folder: what it takes, and what it says of one that is not right."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import EmbeddingFailed
from retrieval.inference.onnx_cross_encoder import OnnxCrossEncoderReranker
from tests.fakes.cross_encoder import write_cross_encoder

WORDS = "whales swim in the sea owls fly at night".split()


async def score(folder: Path, query: str, passages: list[str]) -> list[float]:
    reranker = OnnxCrossEncoderReranker(folder)
    try:
        return [float(one) for one in await reranker.score(query, passages)]
    finally:
        reranker.close()


async def test_pairs_of_all_lengths_are_scored_in_the_order_given(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, WORDS)
    passages = ["owls", "whales swim", "the sea whales swim in " * 300, ""] * 9
    scores = await score(folder, "whales swim in the sea", passages)
    assert [one - scores[3] for one in scores[:4]] == [0, 2, 5, 0]
    assert scores == scores[:4] * 9


async def test_of_two_outputs_the_second_says_relevant(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, WORDS, outputs=2)
    scores = await score(folder, "owls fly", ["owls fly", "whales"])
    assert scores[0] - scores[1] == 2


async def test_the_layout_of_exporters_is_found(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, WORDS)
    (folder / "onnx").mkdir()
    (folder / "model.onnx").rename(folder / "onnx" / "model.onnx")
    assert len(await score(folder, "owls", ["owls"])) == 1


async def test_a_model_that_does_not_rank_is_refused(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, WORDS, outputs=3)
    with pytest.raises(EmbeddingFailed, match="trained to rank"):
        await score(folder, "owls", ["owls"])


async def test_an_empty_folder_is_told_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(EmbeddingFailed, match=r"model\.onnx or .* and tokenizer\.json"):
        await score(tmp_path, "owls", ["owls"])
    assert np.array(await score(tmp_path, "owls", [])).size == 0


async def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    folder = write_cross_encoder(tmp_path, WORDS)
    (folder / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(EmbeddingFailed, match="cannot be loaded"):
        await score(folder, "owls", ["owls"])
