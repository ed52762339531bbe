"""Terms and BM25."""

from itertools import pairwise
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.evaluation.datasets import load_data_set
from retrieval.lexical import (
    TERM_SPACE,
    Analyzer,
    bound_score,
    choose_rare,
    count_terms,
    find_phrases,
    gather_counts,
    gather_sequences,
    hash_term,
    hash_terms,
    score_adjacent,
    score_terms,
    score_titles,
)
from retrieval.model import TermStatistics
from retrieval.stop_words import LANGUAGES

ANALYZER = Analyzer()

WORDS = st.sampled_from(["apple", "pear", "plum", "fig", "kiwi", "lime", "date", "sloe"])
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=12), min_size=2, max_size=12)


def make_statistics(texts: list[list[int]]) -> TermStatistics:
    frequencies: dict[int, int] = {}
    for text in texts:
        for term in set(text):
            frequencies[term] = frequencies.get(term, 0) + 1
    mean = sum(len(text) for text in texts) / len(texts)
    return TermStatistics(len(texts), mean, frequencies)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("The runners were running", ["runner", "run"]),
        ("getUserName", ["getusername", "get", "user", "name"]),
        ("max_tokens", ["max_tokens", "max", "token"]),
        ("HTTPServer", ["httpserver", "http", "server"]),
        ("src/app.py", ["src/app.py", "src", "app", "py"]),
        ("ERR_404", ["err_404", "err", "404"]),
        ("don't", []),
        ("IBM's", ["ibm"]),
        ("C++ and C#", ["c++", "c#"]),
        ("Café", ["cafe"]),
        ("état", ["etat"]),
        ("Straße", ["strass"]),
        ("GrößeInÆrø", ["grosseinærø", "grosse", "ærø"]),
        ("日本語", ["日本", "本語"]),
        ("", []),
        ("?! --", []),
    ],
)
def test_text_becomes_terms(text: str, terms: list[str]) -> None:
    assert ANALYZER.tokenize(text) == terms


def test_versions_are_found_whole_and_in_parts() -> None:
    terms = ANALYZER.tokenize("pgvector v0.8.5")
    assert "v0.8.5" in terms
    assert {"0", "8", "5"} <= set(terms)


def test_a_language_has_its_own_stems_and_stop_words() -> None:
    german = Analyzer(("german",))
    assert german.tokenize("Die Häuser und das Haus") == ["haus", "haus"]
    assert "the" in german.tokenize("the")


@pytest.mark.parametrize(
    ("language", "text", "terms"),
    [
        ("french", "Les réunions de l'équipe", ["reunion", "equip"]),
        ("spanish", "las reuniones y la reunión", ["reunion", "reunion"]),
        ("italian", "le riunioni e la riunione", ["riunion", "riunion"]),
        ("portuguese", "as cidades e a cidade", ["cidad", "cidad"]),
        ("dutch", "de vergaderingen en de vergadering", ["vergader", "vergader"]),
        ("swedish", "möten och ett möte", ["mot", "mot"]),
        ("russian", "и собрания о собрании", ["собран", "собран"]),
        ("turkish", "kitaplar ve kitap", ["kitap", "kitap"]),
        ("polish", "łodzie i łódź", ["łodz", "łodz"]),
    ],
)
def test_endings_and_stop_words_of_many_languages(
    language: str, text: str, terms: list[str]
) -> None:
    assert Analyzer((language,)).tokenize(text) == terms


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=15)
@given(text=st.text(max_size=80))
def test_every_language_reads_any_text_and_keeps_identifiers(language: str, text: str) -> None:
    analyzer = Analyzer((language,))
    assert all(analyzer.tokenize(text))
    assert "err_404" in analyzer.tokenize(f"{text} ERR_404")
    assert "src/app.py" in analyzer.tokenize("src/app.py")


def test_of_several_languages_the_text_tells_which_it_is_in() -> None:
    both = Analyzer(("english", "german"))
    english, german = "What the team is doing in the houses", "Was die Gruppe in den Häusern macht"
    assert (both.choose_language(english), both.choose_language(german)) == ("english", "german")
    assert both.choose_language("Kubernetes") == "english"
    assert both.tokenize(german) == Analyzer(("german",)).tokenize(german)
    assert both.tokenize(english) == Analyzer().tokenize(english)


def test_a_query_is_read_in_all_languages() -> None:
    both = Analyzer(("english", "german"))
    english, german = both.tokenize_query("Häuser")
    assert (english, german) == (["hauser"], ["haus"])
    assert both.tokenize_phrase("Häuser ERR_404") == ["err_404", "err", "404"]
    assert Analyzer().tokenize_phrase("running") == Analyzer().tokenize("running")


@pytest.mark.parametrize("languages", [("klingon",), ("english", "klingon")])
def test_an_unknown_language_is_refused_by_name(languages: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"klingon.*english.*german"):
        Analyzer(languages)
    with pytest.raises(ValueError, match="no language"):
        Analyzer(())


@given(st.text(max_size=300))
def test_any_text_can_be_analysed_and_hashed(text: str) -> None:
    for term in ANALYZER.tokenize(text):
        assert term
        assert 0 <= hash_term("default", term) < TERM_SPACE


def test_tenants_share_no_terms() -> None:
    assert hash_term("a", "walrus") != hash_term("b", "walrus")
    assert hash_term("a", "walrus") == hash_term("a", "walrus")


def test_phrases_are_what_is_quoted() -> None:
    assert find_phrases('say "hello world" and “good bye”, not "x') == ["hello world", "good bye"]
    assert find_phrases("it's John's") == []


@settings(max_examples=150)
@given(TEXTS, st.lists(WORDS, min_size=1, max_size=4, unique=True))
def test_scores_rank_as_bm25s_does(texts: list[list[str]], query: list[str]) -> None:
    reference = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    vocabulary = {word: number for number, word in enumerate(sorted({w for t in texts for w in t}))}
    known = [word for word in query if word in vocabulary]
    numbers = [[vocabulary[word] for word in text] for text in texts]
    reference.index((numbers, vocabulary), show_progress=False)
    hashed = [hash_terms("t", text) for text in texts]
    ours = score_terms(
        {hash_term("t", word): 1.0 for word in query},
        gather_sequences(hashed),
        make_statistics([text.tolist() for text in hashed]),
    )
    if not known:
        assert not ours.any()
        return
    theirs = reference.get_scores([vocabulary[word] for word in known])
    # bm25s leaves out the constant factor k1 + 1
    np.testing.assert_allclose(ours, theirs * 2.5, rtol=1e-4, atol=1e-5)


@given(TEXTS, st.lists(WORDS, min_size=1, max_size=4))
def test_no_text_scores_more_than_the_bound(texts: list[list[str]], query: list[str]) -> None:
    hashed = [hash_terms("t", text) for text in texts]
    statistics = make_statistics([text.tolist() for text in hashed])
    wanted = {hash_term("t", word): 1.0 for word in query}
    bound = bound_score(wanted, statistics)
    assert score_terms(wanted, gather_sequences(hashed), statistics).max() <= bound + 1e-4


@given(TEXTS, st.lists(WORDS, min_size=1, max_size=4))
def test_counted_terms_score_as_those_in_order(texts: list[list[str]], query: list[str]) -> None:
    hashed = [hash_terms("t", text) for text in texts]
    statistics = make_statistics([text.tolist() for text in hashed])
    wanted = {hash_term("t", word): 1.0 for word in query}
    np.testing.assert_allclose(
        score_terms(wanted, gather_sequences(hashed), statistics),
        score_terms(wanted, gather_counts([count_terms(one) for one in hashed]), statistics),
        rtol=1e-5,
    )


def naive_adjacent(query: list[int], text: list[int]) -> int:
    return len(set(pairwise(query)) & set(pairwise(text)))


@given(TEXTS, st.lists(WORDS, min_size=2, max_size=5))
def test_adjacent_pairs_are_those_that_stand_together(
    texts: list[list[str]], query: list[str]
) -> None:
    hashed = [hash_terms("t", text) for text in texts]
    terms = hash_terms("t", query).tolist()
    statistics = make_statistics([text.tolist() for text in hashed])
    scores = score_adjacent(terms, gather_sequences(hashed), statistics)
    for score, text in zip(scores, hashed, strict=True):
        assert (score > 0) == (naive_adjacent(terms, text.tolist()) > 0)


def test_a_pair_does_not_span_two_texts() -> None:
    texts = [
        hash_terms("t", ["big"]),
        hash_terms("t", ["apple"]),
        hash_terms("t", ["big", "apple"]),
    ]
    statistics = make_statistics([text.tolist() for text in texts])
    query = hash_terms("t", ["big", "apple"]).tolist()
    assert (score_adjacent(query, gather_sequences(texts), statistics) > 0).tolist() == [
        False,
        False,
        True,
    ]


def test_titles_count_only_their_own_terms_and_short_ones_more() -> None:
    texts = [
        hash_terms("t", ["apple", "pie"]),
        hash_terms("t", ["pie", "apple"]),
        hash_terms("t", ["apple", "pie", "plum", "fig"]),
    ]
    statistics = make_statistics([text.tolist() for text in texts])
    lengths = np.array([1, 1, 4])
    query = {hash_term("t", "apple"): 1.0}
    scores = score_titles(query, gather_sequences(texts), lengths, statistics)
    assert scores[0] > scores[2] > scores[1] == 0


def test_the_rarest_terms_pick_candidates() -> None:
    statistics = TermStatistics(1000, 10.0, {1: 900, 2: 30, 3: 2})
    assert choose_rare([1, 2, 3, 4], statistics, 100) == [3, 2]
    assert choose_rare([1, 2, 3], statistics, 10_000) == [3, 2, 1]
    assert choose_rare([1], statistics, 100) == [1]
    assert choose_rare([4], statistics, 100) == []


def test_real_texts_are_ranked_as_bm25s_ranks_them(repository: Path) -> None:
    data_set = load_data_set(repository / "tests/evals/data/footnote-docs")
    texts = [ANALYZER.tokenize(f"{one.title}\n{one.text}") for one in data_set.documents]
    vocabulary = {word: number for number, word in enumerate(sorted({w for t in texts for w in t}))}
    reference = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    numbers = [[vocabulary[word] for word in text] for text in texts]
    reference.index((numbers, vocabulary), show_progress=False)
    hashed = [hash_terms("t", text) for text in texts]
    table, statistics = gather_sequences(hashed), make_statistics([one.tolist() for one in hashed])
    for query in data_set.queries:
        words = list(dict.fromkeys(ANALYZER.tokenize(query.text)))
        ours = score_terms({hash_term("t", word): 1.0 for word in words}, table, statistics)
        known = [vocabulary[word] for word in words if word in vocabulary]
        theirs = reference.get_scores(known) if known else np.zeros(len(texts))
        np.testing.assert_allclose(ours, theirs * 2.5, rtol=1e-4, atol=1e-4)
