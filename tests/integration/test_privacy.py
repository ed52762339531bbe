"""Nothing is written outside the data directory, and nobody is told that Footnote runs."""

import subprocess
import sys
from pathlib import Path

EMBED = (
    "from retrieval.inference.minilm import MiniLm; assert MiniLm().embed(['x']).shape == (1, 384)"
)


def test_the_embedding_model_leaves_no_trace_in_the_home(tmp_path: Path, repository: Path) -> None:
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(repository), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-B", "-c", EMBED], env=environment, check=True)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
