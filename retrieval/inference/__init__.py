"""Models that run in this process: embedding, token vectors, reranking."""

import os

# ONNX Runtime reads this when it is imported, and would report its use to its maker otherwise.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # noqa: TID251 - set, not read
