"""Names of pipelines."""

import pytest

from retrieval.config import EXTRAS, PRESETS, STAGES, Fusion, Pipeline, parse_pipeline


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_can_be_named(name: str) -> None:
    assert isinstance(parse_pipeline(name), Pipeline)


def test_advanced_is_the_default() -> None:
    assert parse_pipeline("advanced") == parse_pipeline("default") == Pipeline()


def test_naive_is_dense_search_over_passages_alone() -> None:
    naive = parse_pipeline("naive")
    assert naive.dense
    further = [naive.sentences, naive.lexical, naive.documents, naive.interaction, naive.rerank]
    assert not any([*further, naive.title_weight, naive.adjacency_weight])


@pytest.mark.parametrize("stage", [one for one in STAGES if one not in (*EXTRAS, "lexical")])
def test_a_stage_can_be_left_out(stage: str) -> None:
    assert parse_pipeline(f"default-{stage}") != Pipeline(name=f"default-{stage}")


@pytest.mark.parametrize("stage", EXTRAS)
def test_a_stage_can_be_added_and_left_out_again(stage: str) -> None:
    assert parse_pipeline(f"default+{stage}") != Pipeline(name=f"default+{stage}")
    again = f"default+{stage}-{stage}"
    assert parse_pipeline(again) == Pipeline(name=again)


def test_stages_are_added_and_left_out_in_one_name() -> None:
    pipeline = parse_pipeline("default-titles+duplicates+diversity")
    assert (pipeline.title_weight, pipeline.duplicates, pipeline.diversity) == (0, 0.8, 0.2)
    assert pipeline.selects
    assert not Pipeline().selects


def test_several_stages_can_be_left_out() -> None:
    pipeline = parse_pipeline("Default-sentences-rerank")
    assert pipeline.name == "default-sentences-rerank"
    assert not pipeline.sentences
    assert (pipeline.interaction, pipeline.rerank) == (0, 0)
    assert parse_pipeline("rrf").fusion is Fusion.RANKS


@pytest.mark.parametrize(
    "name",
    [
        "",
        "best",
        "default-magic",
        "default+magic",
        "default+titles",
        "default diversity",
        "default-dense-lexical",
    ],
)
def test_what_there_is_not_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match="pipeline|stage"):
        parse_pipeline(name)
