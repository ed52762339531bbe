"""The BERT graph of all-MiniLM-L6-v2, without its weights.

The graph names its initialisers after the tensors of the published safetensors file and says
where in that file they lie, so ONNX Runtime maps them from there: no torch, no second copy of the
weights on disk. Post-norm BERT as in Devlin et al. 2018 with exact (erf) GELU; mean pooling over
the attention mask and L2 normalisation as in Reimers and Gurevych 2019. The fused operators are
those of ONNX Runtime's com.microsoft domain.

Inputs: `ids` and `mask`, int32 (batch, tokens), padded on the right.
Outputs: `sentences`, float32 (batch, 384), normalised; `tokens`, float32 (batch, tokens, 384), the
last hidden states as they are. Only what a caller asks for is computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS = 6
HEADS = 12
HIDDEN = 384
INNER = 1536
EPSILON = 1e-12
OPSET = 17
IR_VERSION = 8
FUSED = "com.microsoft"


class Precision(StrEnum):
    """How the matrix products are computed.

    INT8 quantises the weights per block of 128 along each output channel and the activations per
    block of 128 of each token, so that a text's vector hardly depends on the texts beside it.
    INT8_TENSOR quantises the weights per output channel and the activations per batch: faster,
    coarser, and a vector depends on its batch.
    """

    FP32 = "fp32"
    INT8 = "int8"
    INT8_TENSOR = "int8-tensor"


BLOCK = 128
"""Weights that share one scale under Precision.INT8."""


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where a float32 tensor lies in the weights file, in bytes from its start."""

    shape: tuple[int, ...]
    offset: int
    length: int


Tensors = Mapping[str, NDArray[np.generic]]


def weight_matrices() -> dict[str, tuple[str, ...]]:
    """Name of each matrix product → the weight tensors (out, in) stacked to its matrix."""
    matrices: dict[str, tuple[str, ...]] = {}
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        attention = f"{prefix}.attention"
        matrices[f"{attention}.self"] = tuple(
            f"{attention}.self.{part}.weight" for part in ("query", "key", "value")
        )
        for name in (
            f"{attention}.output.dense",
            f"{prefix}.intermediate.dense",
            f"{prefix}.output.dense",
        ):
            matrices[name] = (f"{name}.weight",)
    return matrices


def quantize_blocks(matrix: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """An (out, in) matrix as MatMulNBits reads it: codes around 128, one scale per BLOCK."""
    rows, columns = matrix.shape
    blocks = matrix.reshape(rows, columns // BLOCK, BLOCK)
    scales = np.abs(blocks).max(axis=-1) / np.float32(127)
    codes = np.round(blocks / scales[..., None]) + 128
    return {"codes": codes.astype(np.uint8), "scales": scales}


def quantize_channels(matrix: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """An (out, in) matrix as DynamicQuantizeMatMul reads it: (in, out) int8, a scale per out."""
    scales = np.abs(matrix).max(axis=1) / np.float32(127)
    codes = np.round(matrix / scales[:, None]).astype(np.int8)
    return {
        "codes": np.ascontiguousarray(codes.T),
        "scales": scales,
        "zeros": np.zeros(scales.shape, np.int8),
    }


_ELEMENT = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.uint8): TensorProto.UINT8,
    np.dtype(np.int8): TensorProto.INT8,
}


class _Graph:
    """Collects nodes and initialisers; each `add` returns the name of the node's first output."""

    def __init__(self, weights_file: str, places: Mapping[str, TensorPlace]) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._file = weights_file
        self._places = places
        self._known: set[str] = set()

    def add(
        self,
        operator: str,
        inputs: list[str],
        outputs: list[str],
        domain: str = "",
        **attributes: Any,
    ) -> str:
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=domain, **attributes))
        return outputs[0]

    def weight(self, name: str) -> str:
        """A tensor that the runtime maps from the weights file."""
        place = self._places[name]
        where = {
            "location": self._file,
            "offset": str(place.offset),
            "length": str(place.length),
        }
        return self._external(name, place.shape, TensorProto.FLOAT, where)

    def supplied(self, name: str, value: NDArray[np.generic]) -> str:
        """A tensor that the caller hands to the session beside the graph."""
        return self._external(name, value.shape, _ELEMENT[value.dtype], {"location": "supplied"})

    def constant(self, name: str, values: list[int]) -> str:
        if name not in self._known:
            self._known.add(name)
            self.initializers.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def _external(
        self, name: str, shape: tuple[int, ...], element: int, where: Mapping[str, str]
    ) -> str:
        if name in self._known:
            return name
        self._known.add(name)
        tensor = TensorProto(
            name=name, data_type=element, dims=shape, data_location=TensorProto.EXTERNAL
        )
        for key, value in where.items():
            tensor.external_data.add(key=key, value=value)
        self.initializers.append(tensor)
        return name


def _multiply(graph: _Graph, x: str, name: str, precision: Precision, supplied: Tensors) -> str:
    """`x` times the transposed matrix `name`, without its bias."""
    parts = weight_matrices()[name]
    if precision is Precision.FP32:
        matrix = _transposed(graph, name, parts)
        return graph.add("MatMul", [x, matrix], [f"{name}.product"])
    codes, scales = (
        graph.supplied(f"{name}.{part}", supplied[f"{name}.{part}"]) for part in ("codes", "scales")
    )
    if precision is Precision.INT8_TENSOR:
        zeros = graph.supplied(f"{name}.zeros", supplied[f"{name}.zeros"])
        return graph.add(
            "DynamicQuantizeMatMul", [x, codes, scales, zeros], [f"{name}.product"], FUSED
        )
    rows, blocks, _ = supplied[f"{name}.codes"].shape
    return graph.add(
        "MatMulNBits",
        [x, codes, scales],
        [f"{name}.product"],
        FUSED,
        N=rows,
        K=blocks * BLOCK,
        bits=8,
        block_size=BLOCK,
        accuracy_level=4,
    )


def _transposed(graph: _Graph, name: str, parts: tuple[str, ...]) -> str:
    """The stacked matrix as (in, out); the runtime folds this into a constant at load."""
    stacked = graph.weight(parts[0])
    if len(parts) > 1:
        weights = [graph.weight(part) for part in parts]
        stacked = graph.add("Concat", weights, [f"{name}.stacked"], axis=0)
    return graph.add("Transpose", [stacked], [f"{name}.matrix"], perm=[1, 0])


def _attend(graph: _Graph, x: str, layer: int, precision: Precision, supplied: Tensors) -> str:
    name = f"encoder.layer.{layer}.attention.self"
    biases = [graph.weight(f"{name}.{part}.bias") for part in ("query", "key", "value")]
    bias = graph.add("Concat", biases, [f"{name}.bias"], axis=0)
    context = [f"{name}.context"]
    if precision is Precision.FP32:
        matrix = _transposed(graph, name, weight_matrices()[name])
        inputs = [x, matrix, bias, "lengths"]
        return graph.add("Attention", inputs, context, FUSED, num_heads=HEADS)
    product = _multiply(graph, x, name, precision, supplied)
    parts = [f"{name}.{part}" for part in ("query", "key", "value")]
    graph.add("Split", [product, graph.constant("thirds", [HIDDEN] * 3)], parts, axis=-1)
    return graph.add(
        "MultiHeadAttention", [*parts, bias, "lengths"], context, FUSED, num_heads=HEADS
    )


def _add_and_norm(graph: _Graph, product: str, x: str, name: str, output: str) -> str:
    inputs = [
        product,
        x,
        graph.weight(f"{name}.LayerNorm.weight"),
        graph.weight(f"{name}.LayerNorm.bias"),
        graph.weight(f"{name}.dense.bias"),
    ]
    return graph.add("SkipLayerNormalization", inputs, [output], FUSED, epsilon=EPSILON)


def _encode(graph: _Graph, precision: Precision, supplied: Tensors) -> str:
    embeddings = [
        graph.weight(f"embeddings.{name}")
        for name in (
            "word_embeddings.weight",
            "position_embeddings.weight",
            "token_type_embeddings.weight",
            "LayerNorm.weight",
            "LayerNorm.bias",
        )
    ]
    x = graph.add(
        "EmbedLayerNormalization",
        ["ids", "", *embeddings, "mask"],
        ["embedded", "lengths"],
        FUSED,
        epsilon=EPSILON,
    )
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        attended = _attend(graph, x, layer, precision, supplied)
        product = _multiply(
            graph, attended, f"{prefix}.attention.output.dense", precision, supplied
        )
        x = _add_and_norm(graph, product, x, f"{prefix}.attention.output", f"{prefix}.attended")
        inner = _multiply(graph, x, f"{prefix}.intermediate.dense", precision, supplied)
        bias = graph.weight(f"{prefix}.intermediate.dense.bias")
        inner = graph.add("BiasGelu", [inner, bias], [f"{prefix}.inner"], FUSED)
        product = _multiply(graph, inner, f"{prefix}.output.dense", precision, supplied)
        output = "tokens" if layer == LAYERS - 1 else f"{prefix}.encoded"
        x = _add_and_norm(graph, product, x, f"{prefix}.output", output)
    return x


def _pool(graph: _Graph, tokens: str) -> None:
    """The mean of the unmasked tokens, normalised; normalising makes a sum as good as a mean."""
    axis = graph.constant("axis", [1])
    mask = graph.add("Cast", ["mask"], ["mask.float"], to=TensorProto.FLOAT)
    row = graph.add("Unsqueeze", [mask, axis], ["mask.row"])
    summed = graph.add("MatMul", [row, tokens], ["pooled.row"])
    pooled = graph.add("Squeeze", [summed, axis], ["pooled"])
    graph.add("LpNormalization", [pooled], ["sentences"], axis=-1, p=2)


def build_graph(
    weights_file: str,
    places: Mapping[str, TensorPlace],
    precision: Precision = Precision.FP32,
    supplied: Tensors | None = None,
) -> bytes:
    """The serialised ONNX model (some 10 kB).

    `places` are the tensors of the file `weights_file`, a name relative to the folder that the
    session is told to look in. For the int8 precisions `supplied` holds, per matrix of
    `weight_matrices`, the arrays of `quantize_blocks` or `quantize_channels`, named
    `<matrix>.<part>`; the same arrays go to `SessionOptions.add_external_initializers`.
    """
    graph = _Graph(weights_file, places)
    _pool(graph, _encode(graph, precision, supplied or {}))
    description = helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [
            helper.make_tensor_value_info(name, TensorProto.INT32, ["batch", "tokens_in"])
            for name in ("ids", "mask")
        ],
        [
            helper.make_tensor_value_info("sentences", TensorProto.FLOAT, ["batch", HIDDEN]),
            helper.make_tensor_value_info(
                "tokens", TensorProto.FLOAT, ["batch", "tokens_in", HIDDEN]
            ),
        ],
        graph.initializers,
    )
    model: onnx.ModelProto = helper.make_model(
        description,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)],
        ir_version=IR_VERSION,
    )
    return bytes(model.SerializeToString())
