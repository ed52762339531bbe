"""A cross-encoder small enough to be written by a test, in the form in which real ones come.

Its score is the number of the query's tokens that the passage holds.
"""

from collections.abc import Sequence
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def write_cross_encoder(folder: Path, words: Sequence[str], *, outputs: int = 1) -> Path:
    """A folder with model.onnx and tokenizer.json; the model gives `outputs` scores a pair."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_build_graph(outputs), folder / "model.onnx")
    _build_tokenizer(words).save(str(folder / "tokenizer.json"))
    return folder


def _build_graph(outputs: int) -> onnx.ModelProto:
    """Tokens of type 0 that are equal to one of type 1, counted; padding counts for nothing."""
    node = helper.make_node
    nodes = [
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("Cast", ["token_type_ids"], ["second_raw"], to=TensorProto.FLOAT),
        node("Mul", ["second_raw", "mask"], ["second"]),
        node("Sub", ["mask", "second"], ["first"]),
        node("Unsqueeze", ["input_ids", "last"], ["across"]),
        node("Unsqueeze", ["input_ids", "middle"], ["down"]),
        node("Equal", ["across", "down"], ["same_raw"]),
        node("Cast", ["same_raw"], ["same"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["second", "middle"], ["passage"]),
        node("Mul", ["same", "passage"], ["held_each"]),
        node("ReduceMax", ["held_each", "last"], ["held"], keepdims=0),
        node("Mul", ["held", "first"], ["counted"]),
        node("ReduceSum", ["counted", "middle"], ["score"], keepdims=1),
        node("Concat", ["score"] * outputs, ["raw"], axis=1),
        node("Mul", ["raw", "signs"], ["logits"]),
    ]
    signs = [float(place + 1) if outputs > 1 else 1.0 for place in range(outputs)]
    graph = helper.make_graph(
        nodes,
        "overlap",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "t"]) for name in INPUTS],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", outputs])],
        [
            helper.make_tensor("last", TensorProto.INT64, [1], [2]),
            helper.make_tensor("middle", TensorProto.INT64, [1], [1]),
            helper.make_tensor("signs", TensorProto.FLOAT, [outputs], signs),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def _build_tokenizer(words: Sequence[str]) -> Tokenizer:
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(word.lower() for word in words)]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # type: ignore[arg-type]
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS]:0 $A:0 [SEP]:1 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return tokenizer
