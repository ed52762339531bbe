from pathlib import Path

from retrieval.postgres import catalog, runs, sources, transcripts
from retrieval.postgres.queries import load_queries


def test_every_query_of_the_sync_is_used() -> None:
    users = (catalog, runs, sources)
    code = "".join(Path(each.__file__).read_text(encoding="utf-8") for each in users)
    for name in load_queries(runs.QUERY_FILE):
        assert f'find_query("{name}")' in code or f'_fetch_source("{name}"' in code


def test_every_query_of_transcripts_is_used() -> None:
    code = Path(transcripts.__file__).read_text(encoding="utf-8")
    for name in load_queries(transcripts.QUERY_FILE):
        assert f'"{name}"' in code
