"""A cross-encoder on ONNX Runtime, from a folder on this machine: no torch, no model hub."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from retrieval.errors import EmbeddingFailed
from retrieval.inference.batches import plan_batches
from retrieval.inference.minilm import count_cores

MAX_TOKENS = 512
"""Query and passage together; of a longer pair the passage is cut."""

BATCH_TEXTS = 16
BATCH_TOKENS = BATCH_TEXTS * 256
TEXT_LIMIT = 32_768
"""Characters looked at: 512 tokens are some 2,400 of them."""

GRAPHS = ("model.onnx", "onnx/model.onnx")
TOKENIZER = "tokenizer.json"
KNOWN_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})


class OnnxCrossEncoderReranker:
    """Implements Reranker with an exported cross-encoder.

    The folder is as Hugging Face's exporters and FastEmbed's downloads leave it: `model.onnx`, or
    `onnx/model.onnx`, beside `tokenizer.json`. The graph takes input_ids, attention_mask and,
    where it wants them, token_type_ids, and gives one score for each pair, or two, of which the
    second says that the passage is relevant.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._executor = ThreadPoolExecutor(1, "cross-encoder")
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        return f"onnx:{self._folder}"

    def close(self) -> None:
        """Let the thread end once what it works on is done."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores (n,) as the model gives them. Raises EmbeddingFailed."""
        if not passages:
            return np.empty(0, np.float32)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._score, query, list(passages))

    def _score(self, query: str, passages: list[str]) -> NDArray[np.float32]:
        loaded = self._ready()
        pairs = [(_clean(query), _clean(passage)) for passage in passages]
        encodings = loaded.tokenizer.encode_batch(pairs)
        scores = np.empty(len(passages), np.float32)
        lengths = [len(encoding.ids) for encoding in encodings]
        for rows in plan_batches(lengths, texts=BATCH_TEXTS, tokens=BATCH_TOKENS):
            scores[rows] = self._run(loaded, [encodings[row] for row in rows])
        return scores

    def _run(self, loaded: "_Loaded", encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        length = max(len(encoding.ids) for encoding in encodings)
        columns = {
            "input_ids": [encoding.ids for encoding in encodings],
            "attention_mask": [encoding.attention_mask for encoding in encodings],
            "token_type_ids": [encoding.type_ids for encoding in encodings],
        }
        inputs = {}
        for name in loaded.inputs:
            inputs[name] = np.zeros((len(encodings), length), np.int64)
            for row, values in enumerate(columns[name]):
                inputs[name][row, : len(values)] = values
        try:
            [logits, *_] = loaded.session.run(None, inputs)
        except Exception as error:
            raise EmbeddingFailed(f"The reranker {self.name!r} failed: {error}") from error
        return self._read_logits(np.asarray(logits, np.float32), len(encodings))

    def _read_logits(self, logits: NDArray[np.float32], count: int) -> NDArray[np.float32]:
        if logits.shape in ((count,), (count, 1)):
            return logits.reshape(count)
        if logits.shape == (count, 2):
            return np.asarray(logits[:, 1] - logits[:, 0], np.float32)
        raise EmbeddingFailed(
            f"The reranker {self.name!r} gives an output of shape {logits.shape} for {count} pairs "
            "instead of one score each; export a cross-encoder that was trained to rank."
        )

    def _ready(self) -> "_Loaded":
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._folder)
            return self._loaded


@dataclass(frozen=True, slots=True)
class _Loaded:
    session: Any
    tokenizer: Tokenizer
    inputs: tuple[str, ...]


def _load(folder: Path) -> _Loaded:
    graph = next((folder / name for name in GRAPHS if (folder / name).is_file()), None)
    if graph is None or not (folder / TOKENIZER).is_file():
        raise EmbeddingFailed(
            f"{folder} holds no cross-encoder; it needs {' or '.join(GRAPHS)}, and {TOKENIZER}."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = count_cores()
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(
            str(graph), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:
        raise EmbeddingFailed(f"The reranker in {folder} cannot be loaded: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS, strategy="longest_first")
    inputs = tuple(one.name for one in session.get_inputs())
    unknown = sorted(set(inputs) - KNOWN_INPUTS)
    if unknown:
        raise EmbeddingFailed(
            f"The reranker in {folder} wants {', '.join(unknown)}, which is not known here; it may "
            f"take {', '.join(sorted(KNOWN_INPUTS))}."
        )
    return _Loaded(session, tokenizer, inputs)


def _clean(text: str) -> str:
    """What the tokenizer can take: no lone surrogates."""
    return text[:TEXT_LIMIT].encode("utf-8", "replace").decode("utf-8")
