from pathlib import Path

from retrieval.postgres import sources
from retrieval.postgres.queries import load_queries


def test_every_query_of_the_sync_is_used() -> None:
    code = Path(sources.__file__).read_text(encoding="utf-8")
    for name in load_queries(sources.QUERY_FILE):
        assert f'_query("{name}")' in code
