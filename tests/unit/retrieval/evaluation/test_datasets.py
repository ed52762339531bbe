"""Reading judged data sets, good and bad."""

from pathlib import Path

import pytest

from retrieval.evaluation.datasets import (
    CorpusDocument,
    DataSet,
    JudgedQuery,
    UnusableDataSet,
    load_data_set,
)

CORPUS = '{"id": "a", "title": "T", "text": "one"}\n{"_id": "b", "text": "two", "title": null}\n'
QUERIES = '{"id": "q", "text": "?"}\n{"id": "unjudged", "text": "?"}\n{"id": "zero", "text": "?"}\n'
GRADES = "qid\tdocid\trel\nq\ta\t2\nzero\ta\t0\n"


def write(folder: Path, **files: str) -> Path:
    for name, text in {
        "corpus.jsonl": CORPUS,
        "queries.jsonl": QUERIES,
        "qrels.tsv": GRADES,
    }.items():
        (folder / name).write_text(files.get(name.split(".")[0], text), encoding="utf-8")
    return folder


def test_a_data_set_is_read(tmp_path: Path) -> None:
    data_set = load_data_set(write(tmp_path))
    assert [(d.id, d.title) for d in data_set.documents] == [("a", "T"), ("b", "")]
    assert [(q.id, dict(q.judged)) for q in data_set.queries] == [("q", {"a": 2})]


def test_judgements_in_trec_form_are_read(tmp_path: Path) -> None:
    data_set = load_data_set(write(tmp_path, qrels="q\t0\ta\t1\n"))
    assert data_set.queries[0].judged == {"a": 1}


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("corpus", "{", "not JSON"),
        ("corpus", "[]", "not a JSON object"),
        ("corpus", '{"id": "a"}', "lacks 'text'"),
        ("corpus", "", "no documents"),
        ("qrels", "q\ta\tgood\nq\ta\tgood", "separated by tabs"),
        ("qrels", "other\ta\t1\n", "same ids"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, file: str, text: str, word: str) -> None:
    with pytest.raises(UnusableDataSet, match=word):
        load_data_set(write(tmp_path, **{file: text}))


def test_a_missing_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableDataSet, match="not a folder"):
        load_data_set(tmp_path / "nowhere")
    with pytest.raises(UnusableDataSet, match=r"corpus\.jsonl cannot be read"):
        load_data_set(tmp_path)


def test_queries_are_thinned_out_evenly() -> None:
    queries = tuple(JudgedQuery(str(place), "text", {"d": 1}) for place in range(10))
    data_set = DataSet("set", (CorpusDocument("d", "", "text"),), queries)
    assert [query.id for query in data_set.thin_out(4).queries] == ["0", "2", "5", "7"]
    assert data_set.thin_out(10) is data_set.thin_out(None) is data_set


def test_a_thinned_corpus_keeps_what_is_judged_and_samples_the_rest() -> None:
    documents = tuple(CorpusDocument(str(place), "", "text") for place in range(20))
    queries = (JudgedQuery("q", "text", {"3": 1, "7": 0, "gone": 1}),)
    data_set = DataSet("set", documents, queries)
    found = [document.id for document in data_set.thin_corpus(5).documents]
    assert found == ["0", "3", "7", "8", "14"]
    assert [document.id for document in data_set.thin_corpus(1).documents] == ["3", "7"]
    assert data_set.thin_corpus(20) is data_set.thin_corpus(None) is data_set
