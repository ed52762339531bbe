"""What every store must do: the fake and PostgreSQL, each behind the same searcher."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from retrieval.config import Pipeline, parse_pipeline
from retrieval.errors import EmbeddingFailed
from retrieval.lexical import Analyzer
from retrieval.model import (
    EVERYONE,
    NO_DOCUMENTS,
    NO_QUERY,
    NOT_VISIBLE,
    AccessScope,
    Chunk,
    Document,
    Embeddings,
    Period,
    SourceEntry,
    Span,
    TenantId,
    WeightedQuery,
)
from retrieval.search import PassageSearcher
from tests.contract.house import HOME, NOW, PUBLIC, House, speak


async def test_what_was_put_is_listed_and_found(house: House) -> None:
    await house.put("a", "Bread is baked in an oven.", title="Baking")
    await house.put("b", "Boats sail on the lake.", title="Sailing")
    listed = await house.store.list_documents(house.sources["default", "docs"])
    assert set(listed) == {"a", "b"}
    assert listed["a"].content_hash == "hash"
    assert listed["a"].audience == frozenset({EVERYONE})
    assert (await house.find("who bakes bread in the oven"))[0] == "a"
    assert (await house.find("sailing boats"))[0] == "b"


@pytest.mark.parametrize(
    "pipeline", ["default", "naive", "bm25", "rrf", "hybrid", "dense", "lexical", "default-titles"]
)
async def test_every_pipeline_finds_it(house: House, pipeline: str) -> None:
    for name, text in enumerate(["red apples grow", "blue whales swim", "green frogs jump"]):
        await house.put(str(name), text)
    assert (await house.find("whales swim", pipeline=pipeline))[0] == "1"


async def test_a_passage_says_where_it_is_from(house: House) -> None:
    await house.put("a", "First comes flour.", "Then comes yeast.", title="Bread")
    result = await house.searcher().search([WeightedQuery("yeast")], PUBLIC)
    best = result.passages[0]
    assert (best.text, best.title, best.source) == ("Then comes yeast.", "Bread", "docs")
    assert (best.span, best.ordinal, best.heading_path) == (Span(20, 37), 1, ("Part",))
    assert {"dense", "lexical", "fused"} <= set(best.scores)
    assert result.timings_ms["total"] > 0
    assert result.reason is None


async def test_a_replaced_document_is_found_by_its_new_text_only(house: House) -> None:
    await house.put("a", "The old word is walrus.", "And a second chunk.")
    before = await house.store.list_documents(house.sources["default", "docs"])
    await house.put("a", "The new word is penguin.")
    after = await house.store.list_documents(house.sources["default", "docs"])
    assert after["a"].document == before["a"].document
    assert await house.find("walrus", pipeline="bm25") == []
    assert await house.find("penguin", pipeline="bm25") == ["a"]
    async with house.index.open_snapshot(PUBLIC) as snapshot:
        assert (snapshot.visible, snapshot.held) == (1, 1)


async def test_a_deleted_document_is_gone(house: House) -> None:
    await house.put("a", "walrus")
    await house.put("b", "walrus too")
    docs = house.sources["default", "docs"]
    assert await house.store.delete_documents(docs, ["a", "missing"]) == 1
    assert await house.find("walrus") == ["b"]
    assert await house.store.delete_documents(docs, ["a"]) == 0


async def test_touching_changes_who_may_read(house: House) -> None:
    await house.put("a", "walrus")
    docs = house.sources["default", "docs"]
    entry = SourceEntry("a", "https://docs.example/moved", audience=frozenset({"staff"}))
    await house.store.touch_document(docs, entry)
    staff = AccessScope(HOME, frozenset({"staff"}))
    assert await house.find("walrus") == []
    assert await house.find("walrus", staff) == ["moved"]
    assert (await house.store.list_documents(docs))["a"].audience == frozenset({"staff"})


async def test_nothing_leaves_its_scope(house: House) -> None:
    await house.put("public", "walrus")
    await house.put("secret", "walrus walrus", audience=frozenset({"staff", "board"}))
    await house.put("wiki", "walrus", source=("default", "wiki"))
    await house.put("foreign", "walrus", source=("other", "docs"))
    everyone = frozenset({EVERYONE})
    assert set(await house.find("walrus")) == {"public", "wiki"}
    wiki = AccessScope(HOME, everyone, frozenset({"wiki"}))
    assert await house.find("walrus", wiki) == ["wiki"]
    staff = AccessScope(HOME, frozenset({"staff"}))
    assert await house.find("walrus", staff) == ["secret"]
    assert await house.find("walrus", AccessScope(TenantId("other"), everyone)) == ["foreign"]
    assert await house.find("walrus", AccessScope(HOME, everyone, frozenset())) == []


@pytest.mark.parametrize("pipeline", ["default", "bm25", "naive"])
async def test_a_period_bounds_what_is_found(house: House, pipeline: str) -> None:
    may, june, july = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 6, 7))
    await house.put("may", "walrus", modified_at=may)
    await house.put("june", "walrus", modified_at=june)
    await house.put("undated", "walrus")

    async def find(text: str, period: Period) -> set[str]:
        return set(await house.find(text, pipeline=pipeline, period=period))

    assert await find("walrus", Period(may, july)) == {"may", "june"}
    assert await find("walrus", Period(may, june)) == {"may"}
    assert await find("walrus", Period(since=june)) == {"june"}
    assert await find("walrus", Period(until=june)) == {"may"}
    assert await find('"walrus"', Period(since=june)) == {"june"}
    assert await find("walrus", Period(since=july)) == set()


async def test_the_sources_that_may_be_read_are_known_by_name(house: House) -> None:
    await house.put("a", "walrus")
    await house.put("b", "walrus", source=("default", "wiki"), audience=frozenset({"staff"}))
    searcher = house.searcher()
    assert await searcher.list_sources(PUBLIC) == {"docs"}
    staff = AccessScope(HOME, frozenset({EVERYONE, "staff"}))
    assert await searcher.list_sources(staff) == {"docs", "wiki"}
    wiki = AccessScope(HOME, frozenset({EVERYONE, "staff"}), frozenset({"wiki"}))
    assert await searcher.list_sources(wiki) == {"wiki"}


async def test_ids_from_elsewhere_open_nothing(house: House) -> None:
    await house.put("secret", "walrus", "second", audience=frozenset({"staff"}))
    staff = AccessScope(HOME, frozenset({"staff"}))
    result = await house.searcher().search([WeightedQuery("walrus")], staff)
    ids = [passage.chunk for passage in result.passages]
    assert ids
    async with house.index.open_snapshot(PUBLIC) as snapshot:
        first = await snapshot.weigh(ids, [None], [{1: 1.0}])
        assert (len(first), first.dense.shape, first.lexical.shape) == (0, (1, 0), (1, 0))
        candidates = await snapshot.load_candidates(ids, tokens=True)
        assert len(candidates) == 0
        assert not candidates.tokens
        assert not await snapshot.load_passages(ids)
        assert not await snapshot.load_neighbours(ids[0], 1, 1)


async def test_neighbours_come_in_the_order_of_the_text(house: House) -> None:
    await house.put("a", "one", "two", "three", "four", "five")
    searcher = house.searcher()
    hit = (await searcher.search([WeightedQuery("three")], PUBLIC)).passages[0]
    around = await searcher.load_context(hit, PUBLIC, before=1, after=2)
    assert [passage.text for passage in around] == ["two", "three", "four", "five"]


async def test_quoted_words_must_stand_together(house: House) -> None:
    await house.put("a", "the quick brown fox")
    await house.put("b", "brown and quick is the fox")
    assert set(await house.find("quick brown")) == {"a", "b"}
    assert await house.find('"Quick brown"') == ["a"]


async def test_identifiers_are_found_whole_and_in_parts(house: House) -> None:
    await house.put("a", "Call getUserName with max_tokens=3 or see ERR_4021.")
    await house.put("b", "Nothing of that here.")
    for query in ("getUserName", "user name", "max_tokens", "tokens", "ERR_4021", "4021"):
        assert await house.find(query, pipeline="bm25") == ["a"], query


async def test_several_phrasings_are_fused_by_weight(house: House) -> None:
    await house.put("a", "red apples")
    await house.put("b", "blue whales")
    searcher = house.searcher()
    queries = [WeightedQuery("apples", 1.0), WeightedQuery("whales", 0.2)]
    first = await searcher.search(queries, PUBLIC)
    turned = [WeightedQuery("apples", 0.2), WeightedQuery("whales", 1.0)]
    second = await searcher.search(turned, PUBLIC)
    assert first.passages[0].text == "red apples"
    assert second.passages[0].text == "blue whales"


async def test_an_empty_result_says_why(house: House) -> None:
    searcher = house.searcher()
    assert (await searcher.search([WeightedQuery("walrus")], PUBLIC)).reason == NO_DOCUMENTS
    await house.put("a", "walrus", audience=frozenset({"staff"}))
    assert (await searcher.search([WeightedQuery("walrus")], PUBLIC)).reason == NOT_VISIBLE
    assert (await searcher.search([WeightedQuery(" \n")], PUBLIC)).reason == NO_QUERY
    assert (await searcher.search([], PUBLIC)).reason == NO_QUERY


async def test_what_bears_on_the_query_is_told_from_what_does_not(house: House) -> None:
    await house.put("a", "Bread is baked in an oven for forty minutes.")
    searcher = house.searcher()
    close = await searcher.search([WeightedQuery("How is bread baked in an oven?")], PUBLIC)
    far = await searcher.search([WeightedQuery("quantum chromodynamics lecture")], PUBLIC)
    assert close.relevance > 0.5
    assert far.relevance < 0.2


HOSTILE = [
    "x" * 100_000,
    "word " * 20_000,
    "nul \0 byte",
    "\ud800 lone surrogate",
    "'; DROP TABLE chunk; --",
    "a & b | !c <-> (d:*",
    '"unclosed phrase',
    '""" " " ""',
    "%s %(tenant)s {model} \\x00 $1 \\",
    "\u202e\u200f مرحبا 你好 🦭",
    "-- name: find_nearest",
    "!!! ??? ...",
]


@pytest.mark.parametrize("query", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_queries_do_no_harm(house: House, query: str) -> None:
    await house.put("a", "walrus nul byte table")
    result = await house.searcher().search([WeightedQuery(query)], PUBLIC)
    assert all(passage.url.endswith("/a") for passage in result.passages)
    hostile = AccessScope(TenantId(query[:200]), frozenset({query[:200]}), frozenset({query[:200]}))
    if "\ud800" not in query:
        assert not (await house.searcher().search([WeightedQuery("walrus")], hostile)).passages
    assert await house.find("walrus") == ["a"]


async def test_text_that_a_database_dislikes_is_kept_in_place(house: House) -> None:
    await house.put("a", "nul \0 here", "walrus")
    result = await house.searcher().search([WeightedQuery("walrus")], PUBLIC, limit=1)
    assert result.passages[0].span == Span(12, 18)


@pytest.mark.parametrize("shape", [(1, 3), (2, 256)])
async def test_vectors_that_do_not_fit_are_refused(house: House, shape: tuple[int, int]) -> None:
    chunk = Chunk(0, "text", Span(0, 4))
    document = Document("a", "u", "t", "text", "h", frozenset({EVERYONE}))
    with pytest.raises(EmbeddingFailed):
        await house.store.put_document(
            house.sources["default", "docs"],
            document,
            [chunk],
            Embeddings(np.ones(shape, np.float32)),
        )
    assert not await house.store.list_documents(house.sources["default", "docs"])


async def test_a_hit_is_widened_by_its_neighbours(house: House) -> None:
    await house.put("a", "Owls fly.", "Whales swim.", "Bees hum.", "Cats sleep.", title="Animals")
    searcher = house.searcher(parse_pipeline("default+context"))
    result = await searcher.search([WeightedQuery("whales swim")], PUBLIC)
    best = result.passages[0]
    assert best.text == "Owls fly.\n\nWhales swim.\n\nBees hum."
    assert (best.span, best.ordinal) == (Span(0, len(best.text)), 1)
    [whole] = [one for one in result.passages if one.text.startswith("Bees")] or [None]
    assert whole is None or whole.text == "Bees hum.\n\nCats sleep."
    assert all("Owls" not in one.text for one in result.passages[1:])


async def test_a_widened_hit_shows_nothing_hidden(house: House) -> None:
    await house.put("a", "Owls fly.", "Whales swim.", audience=frozenset({"staff"}))
    staff = AccessScope(HOME, frozenset({"staff"}))
    async with house.index.open_snapshot(staff) as snapshot:
        [chunk, _] = await snapshot.find_nearest(await house.embedder.embed_query("owls"), 2)
        assert (await snapshot.load_widened([chunk], 1))[chunk].text == "Owls fly.\n\nWhales swim."
    async with house.index.open_snapshot(PUBLIC) as snapshot:
        assert await snapshot.load_widened([chunk], 1) == {}


async def test_a_trusted_source_is_preferred(house: House) -> None:
    await house.put("a", "Whales swim in the sea.")
    await house.put("b", "Some whales swim in a big sea.", source=("default", "policy"))
    await house.put("c", "Bread is baked in an oven.")
    found = await house.find("whales swim in the sea", limit=2)
    plain = await house.find("whales swim in the sea", limit=2, pipeline="default-authority")
    assert (found, plain) == (["b", "a"], ["a", "b"])
    async with house.index.open_snapshot(PUBLIC) as snapshot:
        assert snapshot.authorities == {"policy": 1.5}


async def test_repeats_are_left_out_and_a_budget_is_kept(house: House) -> None:
    text = "Whales swim in the sea for many years and eat small fish."
    await house.put("a", text)
    await house.put("b", text, title="Copy")
    await house.put("c", "Some whales sing.")
    found = await house.find("whales swim in the sea", pipeline="default+duplicates")
    assert sorted(found) in (["a", "c"], ["b", "c"])
    searcher = house.searcher(Pipeline(budget=20))
    result = await searcher.search([WeightedQuery("whales swim in the sea")], PUBLIC)
    assert len(result.passages) == 2
    assert sum(house.embedder.count_tokens([one.text for one in result.passages])) <= 20


async def test_younger_documents_come_first_where_age_counts(house: House) -> None:
    await house.put("old", "Whales swim in the sea.", modified_at=NOW - timedelta(days=900))
    await house.put("new", "Whales swim in the sea.", modified_at=NOW)
    searcher = PassageSearcher(
        house.index, house.embedder, pipeline=parse_pipeline("default+recency"), now=lambda: NOW
    )
    result = await searcher.search([WeightedQuery("whales in the sea")], PUBLIC)
    assert [one.url.rsplit("/", 1)[1] for one in result.passages] == ["new", "old"]
    assert result.passages[0].scores["recency"] == 1


async def test_documents_of_two_languages_are_found_by_other_forms_of_their_words(
    house: House,
) -> None:
    house = speak(house, Analyzer(("english", "german")))
    await house.put("de", "Die Häuser werden von der Gruppe gebaut.")
    await house.put("en", "The houses are built by the group.")
    assert await house.find("Haus", pipeline="bm25") == ["de"]
    assert await house.find("house", pipeline="bm25") == ["en"]
    assert await house.find("welche Gruppe baut", pipeline="bm25") == ["de"]
    assert await house.find("“die Häuser”", pipeline="bm25") == ["de"]
