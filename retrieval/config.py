"""How a search is put together: named pipelines, every stage of which can be switched off."""

from dataclasses import dataclass, replace
from enum import StrEnum


class Fusion(StrEnum):
    """How dense and lexical scores become one."""

    CONVEX = "convex"
    RANKS = "rrf"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages of a search.

    `dense` compares the query's vector with those of passages, with `sentences` also with those
    of their sentences. `lexical` scores terms by BM25 over the chunk, with `documents` also over
    its whole document. `dense_weight` is the share of the dense side where both are fused; against
    that fused score, which counts 1, the weights of the further stages are: `title_weight` for
    terms in title and headings, `adjacency_weight` for neighbouring terms that stand together,
    `interaction_weight` for late interaction, token by token, over the best `interaction`
    candidates, `rerank_weight` for what a Reranker, if one is configured, says of the best
    `rerank`. 0 leaves a stage out. `pool` is how many candidates each side brings.
    """

    name: str = "default"
    dense: bool = True
    sentences: bool = True
    lexical: bool = True
    documents: bool = True
    fusion: Fusion = Fusion.CONVEX
    dense_weight: float = 0.5
    title_weight: float = 0.1
    adjacency_weight: float = 0.15
    interaction: int = 50
    interaction_weight: float = 0.4
    rerank: int = 50
    rerank_weight: float = 1.0
    pool: int = 150

    def __post_init__(self) -> None:
        if not (self.dense or self.lexical):
            raise ValueError(f"The pipeline {self.name!r} searches nothing: both sides are off.")
        if self.pool < 1:
            raise ValueError("A pipeline's pool must hold at least one candidate.")


_DEFAULT = Pipeline()
_PLAIN = replace(
    _DEFAULT,
    sentences=False,
    documents=False,
    title_weight=0.0,
    adjacency_weight=0.0,
    interaction=0,
    rerank=0,
)
_PRESETS = {
    "default": _DEFAULT,
    "advanced": _DEFAULT,
    "naive": replace(_PLAIN, name="naive", lexical=False, pool=1),
    "bm25": replace(_PLAIN, name="bm25", dense=False),
    "rrf": replace(_PLAIN, name="rrf", fusion=Fusion.RANKS),
    "hybrid": replace(_PLAIN, name="hybrid"),
    "dense": replace(_PLAIN, name="dense", lexical=False, sentences=True),
    "lexical": replace(_DEFAULT, name="lexical", dense=False, sentences=False, interaction=0),
}
_STAGES: dict[str, dict[str, bool | int | float]] = {
    "dense": {"dense": False, "sentences": False},
    "sentences": {"sentences": False},
    "lexical": {"lexical": False, "documents": False, "title_weight": 0.0, "adjacency_weight": 0.0},
    "documents": {"documents": False},
    "titles": {"title_weight": 0.0},
    "adjacency": {"adjacency_weight": 0.0},
    "interaction": {"interaction": 0},
    "rerank": {"interaction": 0, "rerank": 0},
}
PRESETS = tuple(_PRESETS)
STAGES = tuple(_STAGES)


def parse_pipeline(name: str) -> Pipeline:
    """A preset, followed by the stages to leave out: `default`, `default-sentences-rerank`.

    Raises ValueError, naming what there is.
    """
    preset, *dropped = name.strip().lower().split("-")
    if preset not in _PRESETS:
        raise ValueError(
            f"There is no pipeline {preset!r}. Choose one of {', '.join(PRESETS)}; "
            "a stage is left out by its name after a hyphen, as in default-sentences."
        )
    pipeline = _PRESETS[preset]
    for stage in dropped:
        if stage not in _STAGES:
            raise ValueError(
                f"There is no stage {stage!r} to leave out. Choose from {', '.join(STAGES)}."
            )
        pipeline = replace(pipeline, name=name.strip().lower(), **_STAGES[stage])  # type: ignore[arg-type]
    return pipeline
