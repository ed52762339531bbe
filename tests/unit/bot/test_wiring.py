"""What the composition root makes of the settings."""

import pytest

from bot.errors import SettingsInvalid
from bot.settings import Settings
from bot.wiring.models import build_reranker
from retrieval.inference.embedder import MiniLmEmbedder
from retrieval.inference.reranker import MaxSimReranker
from retrieval.ports import TokenEmbedder
from tests.fakes.embedder import InMemoryEmbedder


def settings(reranker: str) -> Settings:
    return Settings(FOOTNOTE_RERANKER=reranker, _env_file=None)


def test_passages_are_not_encoded_again_where_the_store_has_their_tokens() -> None:
    embedder = MiniLmEmbedder()
    assert isinstance(embedder, TokenEmbedder)
    assert build_reranker(settings("maxsim"), embedder) is None


def test_an_embedder_without_tokens_gets_a_reranker_that_has_them() -> None:
    reranker = build_reranker(settings("maxsim"), InMemoryEmbedder())
    assert isinstance(reranker, MaxSimReranker)


def test_no_reranker_is_none() -> None:
    assert build_reranker(settings("none"), InMemoryEmbedder()) is None


@pytest.mark.parametrize("value", ["cross-encoder", "magic"])
def test_an_unknown_reranker_is_told(value: str) -> None:
    with pytest.raises(SettingsInvalid, match="FOOTNOTE_RERANKER"):
        build_reranker(settings(value), InMemoryEmbedder())
