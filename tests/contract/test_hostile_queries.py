"""Whatever is asked, a search answers with passages or with the reason why there are none."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.config import parse_pipeline
from retrieval.errors import EmbeddingFailed
from retrieval.model import (
    NO_DOCUMENTS,
    NO_QUERY,
    NOT_VISIBLE,
    AccessScope,
    SearchResult,
    WeightedQuery,
)
from retrieval.postgres.index import PostgresPassageIndex
from retrieval.search import PassageSearcher
from tests.contract.house import HOME, PUBLIC, House
from tests.fakes.embedder import InMemoryEmbedder

HOSTILE = [
    "'; DROP TABLE chunk; --",
    "$$; SELECT pg_sleep(10); $$",
    "%(tenant)s %s {} {model}",
    "whales & | ! <-> :* () owls:A",
    '"whales swim" OR 1=1',
    '"%_\\" "\'\'" „“ «»',
    "\0whales\0 \ud800 \udfff",
    "\N{ZERO WIDTH SPACE}\N{RIGHT-TO-LEFT OVERRIDE}whales",
    bytes(range(256)).decode("latin-1"),
    "whales " * 15_000,
    '"' + "whales " * 15_000 + '"',
    "".join(chr(0x4E00 + number) for number in range(5_000)),
    " ".join(f"word{number}" for number in range(15_000)),
    "(" * 100_000,
]


async def ask(house: House, text: str, scope: AccessScope = PUBLIC) -> SearchResult:
    return await house.searcher().search([WeightedQuery(text)], scope)


@pytest.fixture
async def filled(house: House) -> House:
    await house.put("a", "Whales swim in the sea.", title="Whales")
    await house.put("b", "Owls fly at night.", source=("default", "wiki"))
    await house.put("c", "Secret whales.", source=("other", "docs"))
    return house


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_queries_are_only_words(filled: House, text: str) -> None:
    result = await ask(filled, text)
    assert result.passages or result.reason
    assert all(passage.source != "c" for passage in result.passages)
    best, *_ = (await ask(filled, "whales swim")).passages
    assert best.url.endswith("/a")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=st.text(max_size=400)
    | st.text(alphabet="'\"\\;%$(){}<>&|!:*-ab \0", max_size=60)
    | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1"))
)
async def test_any_text_can_be_asked(filled: House, text: str) -> None:
    result = await ask(filled, text)
    assert result.passages or result.reason
    assert 0 <= result.relevance <= 1


@pytest.mark.parametrize("text", ["", " \n\t ", "\0", "\N{ZERO WIDTH SPACE}"[:0]])
async def test_an_empty_query_is_told_so(filled: House, text: str) -> None:
    assert (await ask(filled, text)).reason == NO_QUERY


async def test_an_unknown_filter_finds_nothing_and_says_why(filled: House) -> None:
    for names in ({"no-such-source"}, {"'; DROP TABLE source; --"}, {"a\0b"}, set()):
        scope = AccessScope(HOME, PUBLIC.readers, frozenset(names))
        result = await ask(filled, "whales", scope)
        assert (result.passages, result.reason) == ((), NOT_VISIBLE)
    strangers = AccessScope(HOME, frozenset({"'; --"}))
    assert (await ask(filled, "whales", strangers)).reason == NOT_VISIBLE


async def test_a_store_without_documents_says_so(house: House) -> None:
    result = await ask(house, "whales")
    assert (result.passages, result.reason, result.relevance) == ((), NO_DOCUMENTS, 0)


async def test_a_model_of_other_dimensions_is_told_and_how_to_mend_it(
    postgres_house: House,
) -> None:
    await postgres_house.put("a", "Whales swim.")
    index = postgres_house.index
    assert isinstance(index, PostgresPassageIndex)
    other = InMemoryEmbedder(dimensions=8)
    searcher = PassageSearcher(PostgresPassageIndex(index._pool, other.model), other)
    with pytest.raises(EmbeddingFailed, match="256 dimensions.*sync everything"):
        await searcher.search([WeightedQuery("whales")], PUBLIC)


async def test_a_model_that_has_embedded_nothing_still_finds_words(postgres_house: House) -> None:
    await postgres_house.put("a", "Whales swim.")
    index = postgres_house.index
    assert isinstance(index, PostgresPassageIndex)
    other = InMemoryEmbedder("another", dimensions=8)
    searcher = PassageSearcher(PostgresPassageIndex(index._pool, other.model), other)
    result = await searcher.search([WeightedQuery("whales")], PUBLIC)
    assert [passage.url[-1] for passage in result.passages] == ["a"]
    naive = PassageSearcher(
        PostgresPassageIndex(index._pool, other.model), other, pipeline=parse_pipeline("naive")
    )
    assert (await naive.search([WeightedQuery("whales")], PUBLIC)).reason
