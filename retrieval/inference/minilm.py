"""all-MiniLM-L6-v2 on ONNX Runtime: text in, vectors out. Synchronous and thread-safe."""

import functools
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from retrieval.errors import EmbeddingFailed
from retrieval.inference.batches import plan_batches
from retrieval.inference.minilm_graph import HIDDEN, Precision, build_graph
from retrieval.inference.minilm_weights import (
    MiniLmFiles,
    find_files,
    locate_tensors,
    quantize_weights,
    verify_files,
)
from retrieval.model import Vector

MAX_TOKENS = 256
"""Longer texts are cut, as sentence-transformers does for this model; special tokens included."""

BATCH_TEXTS = 16
BATCH_TOKENS = BATCH_TEXTS * MAX_TOKENS

APART_TEXTS = 4
APART_SIMILAR = 0.95
"""Batches of a pass that keeps to one core: with little to set up, small ones of hardly any padding
are best. 64 passages took 45.3 ms of CPU each in batches of 16 that are similar by 85 %, 42.2 by
95 %, and no more in batches of 4, which need a quarter of the memory."""

TEXT_LIMIT = 32_768
"""Characters looked at by the embedding: 256 tokens are some 1,200 of them."""

Kept = TypeVar("Kept")

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")


@dataclass(frozen=True, slots=True)
class TextTokens:
    """One text after the model: its token ids (t,) and last hidden states (t, 384), float32.

    Special tokens are included, padding is not. `row` is the place of the text in its call;
    `offsets` (t, 2), where asked for, are the characters that each token stands for.
    """

    ids: NDArray[np.int32]
    states: Vector
    row: int = 0
    offsets: NDArray[np.int32] | None = None


def count_cores() -> int:
    """Cores this process may use: its affinity, cut to the container's CPU quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    try:
        quota, period = CPU_QUOTA.read_text(encoding="ascii").split()
        if quota != "max":
            cores = min(cores, max(1, -(-int(quota) // int(period))))
    except (OSError, ValueError):
        return cores
    return cores


class MiniLm:
    """The model, loaded on first use (about half a second) and then shared by every thread.

    `threads` is how many cores one call may use; by default as many as the process has. Up to
    BATCH_TEXTS texts are for somebody who waits: the cores share each batch. Of more texts each
    core takes batches of its own, from a session of its own that is opened when it is first
    needed: no core waits for another at every operator, which costs a tenth less CPU, and less
    still of the clock where PostgreSQL wants a core as well.
    """

    def __init__(
        self,
        precision: Precision = Precision.FP32,
        *,
        threads: int | None = None,
        files: MiniLmFiles | None = None,
    ) -> None:
        self.precision = precision
        self._threads = threads or count_cores()
        self._files = files
        self._loading = threading.Lock()
        self._loaded: _Loaded | None = None
        self._apart: Any = None

    def load(self) -> None:
        """Load now what would be loaded on first use. Raises EmbeddingFailed."""
        self._ready()

    def vocabulary(self) -> dict[str, int]:
        """WordPiece → id."""
        vocabulary: dict[str, int] = self._ready().whole.get_vocab()
        return vocabulary

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens included, without the cut at MAX_TOKENS."""
        encodings = self._ready().whole.encode_batch_fast([_clean(text) for text in texts])
        return [len(encoding.ids) for encoding in encodings]

    def embed(self, texts: Sequence[str]) -> Vector:
        """Sentence vectors (n, 384), L2-normalised, in the order given."""
        vectors = np.empty((len(texts), HIDDEN), np.float32)

        def take(batch: _Batch) -> None:
            vectors[batch.rows] = batch.outputs[0]

        self._run(texts, ["sentences"], take)
        return vectors

    def embed_with_tokens(
        self, texts: Sequence[str], keep: Callable[[TextTokens], Kept], *, offsets: bool = False
    ) -> tuple[Vector, list[Kept]]:
        """Sentence vectors and, from the same pass, what `keep` makes of each text's tokens.

        `keep` is called once a text, for several at the same time; states it does not copy are
        freed with their batch's last.
        """
        vectors = np.empty((len(texts), HIDDEN), np.float32)
        kept: dict[int, Kept] = {}

        def take(batch: _Batch) -> None:
            vectors[batch.rows], states = batch.outputs
            for place, row in enumerate(batch.rows.tolist()):
                encoding, ids = batch.encodings[place], batch.ids[place]
                characters = np.array(encoding.offsets, np.int32) if offsets else None
                kept[row] = keep(TextTokens(ids, states[place, : len(ids)], row, characters))

        self._run(texts, ["sentences", "tokens"], take, offsets=offsets)
        return vectors, [kept[row] for row in range(len(texts))]

    def _run(
        self,
        texts: Sequence[str],
        outputs: list[str],
        take: Callable[["_Batch"], None],
        *,
        offsets: bool = False,
    ) -> None:
        """Have `take` called with every batch once it is through the model."""
        if not texts:
            return
        tokenizer = self._ready().cut
        encode = tokenizer.encode_batch if offsets else tokenizer.encode_batch_fast
        encodings = encode([_clean(text[:TEXT_LIMIT]) for text in texts])
        ids = [np.array(encoding.ids, np.int32) for encoding in encodings]
        lengths = [len(own) for own in ids]
        many = len(texts) > BATCH_TEXTS
        session = self._open_apart() if many else self._ready().session

        def work(rows: NDArray[np.int64]) -> None:
            own = [ids[row] for row in rows]
            take(_Batch(rows, own, _pass(session, outputs, own), [encodings[row] for row in rows]))

        if not many:
            for rows in plan_batches(lengths, texts=BATCH_TEXTS, tokens=BATCH_TOKENS):
                work(rows)
            return
        batches = plan_batches(
            lengths, texts=APART_TEXTS, tokens=BATCH_TOKENS, similar=APART_SIMILAR
        )
        with ThreadPoolExecutor(self._threads, "embed-batches") as cores:
            for _ in cores.map(work, batches):
                pass

    def _ready(self) -> "_Loaded":
        with self._loading:
            if self._loaded is None:
                files = self._files or find_files()
                verify_files(files)
                open_session = functools.partial(_open_session, files.weights, self.precision)
                self._loaded = _Loaded(
                    session=open_session(self._threads),
                    cut=_open_tokenizer(files.tokenizer, cut=True),
                    whole=_open_tokenizer(files.tokenizer, cut=False),
                    open_session=open_session,
                )
            return self._loaded

    def _open_apart(self) -> Any:
        """The session in which a pass keeps to one core."""
        loaded = self._ready()
        with self._loading:
            if self._apart is None:
                self._apart = loaded.session if self._threads == 1 else loaded.open_session(1)
            return self._apart


@dataclass(frozen=True, slots=True)
class _Loaded:
    session: Any
    cut: Tokenizer
    whole: Tokenizer
    open_session: Callable[[int], Any]


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: NDArray[np.int64]
    ids: list[NDArray[np.int32]]
    outputs: list[Any]
    encodings: list[Encoding]


def _pass(session: Any, outputs: list[str], ids: list[NDArray[np.int32]]) -> list[Any]:
    """What the model gives for texts of these tokens, the longest first. Raises EmbeddingFailed."""
    shape = (len(ids), len(ids[0]))
    padded, mask = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for place, own in enumerate(ids):
        padded[place, : len(own)] = own
        mask[place, : len(own)] = 1
    try:
        results: list[Any] = session.run(outputs, {"ids": padded, "mask": mask})
    except Exception as error:
        raise EmbeddingFailed(f"The embedding model failed on a batch: {error}") from error
    return results


def _clean(text: str) -> str:
    """What the tokenizer can take: no lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _open_tokenizer(path: Path, *, cut: bool) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    if cut:
        tokenizer.enable_truncation(MAX_TOKENS)
    else:
        tokenizer.no_truncation()
    return tokenizer


def _open_session(weights: Path, precision: Precision, threads: int) -> Any:
    supplied = quantize_weights(weights, precision)
    graph = build_graph(weights.name, locate_tensors(weights), precision, supplied)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Threads that spin while they wait double a query's latency on cores shared with PostgreSQL.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(weights.parent)
    )
    if supplied:
        options.add_external_initializers(
            list(supplied),
            [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in supplied.values()],
        )
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise EmbeddingFailed(
            f"The embedding model could not be started by ONNX Runtime: {error}"
        ) from error
