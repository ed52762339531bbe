"""What `footnote search` shows."""

import pytest

from bot.cli.terminal import print_passages, search_document
from retrieval.model import SearchResult
from tests.fakes.passage_search import make_passage

RESULT = SearchResult(
    (make_passage(1, "Backups", "Backups run every night."),),
    trouble=("the reranker slow is left out: it had 20.0 s until the search's time was up",),
)


def test_what_a_search_did_without_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_passages(RESULT)
    shown = capsys.readouterr().out
    assert "1. Backups" in shown
    assert "the reranker slow is left out" in shown
    document = search_document(RESULT)
    assert document["trouble"] == list(RESULT.trouble)
    assert document["passages"][0]["title"] == "Backups"
