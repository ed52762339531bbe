"""How a search is put together: named pipelines, every stage of which can be switched off."""

import re
from dataclasses import dataclass, replace
from enum import StrEnum


class Fusion(StrEnum):
    """How dense and lexical scores become one."""

    CONVEX = "convex"
    RANKS = "rrf"


class VectorIndex(StrEnum):
    """What the HNSW index over passage vectors holds.

    HALFVEC: the vectors themselves, in half precision. BINARY: one bit a dimension, a third of the
    size; what it finds is compared again by the vectors in the table.
    """

    HALFVEC = "halfvec"
    BINARY = "binary"


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
    `rerank`. 0 leaves a stage out. `pool` is how many candidates each side brings, and `depth` how
    many of the best by passage vector and BM25 are read closely, which all other stages need.

    Then passages are selected. `recency_weight` is the weight of a document's age, which loses half
    of its say every `recency_days`; `authority` lets the factors of sources count. A passage is
    left out when one before it holds the share `duplicates` of its text. `diversity` is the weight
    of being unlike what is chosen already (MMR). `context` widens each passage by so many of its
    neighbours before and after it, and `budget` is how many tokens all may have together; 0 is no
    limit.
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
    pool: int = 100
    depth: int = 50
    recency_weight: float = 0.0
    recency_days: float = 180.0
    authority: bool = True
    duplicates: float = 0.0
    diversity: float = 0.0
    context: int = 0
    budget: int = 0

    def __post_init__(self) -> None:
        if not (self.dense or self.lexical):
            raise ValueError(f"The pipeline {self.name!r} searches nothing: both sides are off.")
        if self.pool < 1 or self.depth < 1:
            raise ValueError("A pipeline must find and read at least one candidate.")

    @property
    def selects(self) -> bool:
        """Whether more passages must be read than are shown."""
        return bool(self.recency_weight or self.duplicates or self.diversity or self.context)


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
    "recency": {"recency_weight": 0.0},
    "authority": {"authority": False},
    "duplicates": {"duplicates": 0.0},
    "diversity": {"diversity": 0.0},
    "context": {"context": 0},
    "budget": {"budget": 0},
}
_EXTRAS: dict[str, dict[str, bool | int | float]] = {
    "recency": {"recency_weight": 0.2},
    "duplicates": {"duplicates": 0.8},
    "diversity": {"diversity": 0.2},
    "context": {"context": 1},
    "budget": {"budget": 2_000},
}
PRESETS = tuple(_PRESETS)
STAGES = tuple(_STAGES)
EXTRAS = tuple(_EXTRAS)

_NAME = re.compile(r"([a-z0-9]*)((?:[-+][a-z]*)*)")


def parse_pipeline(name: str) -> Pipeline:
    """A preset, and stages to leave out or to add: `default-sentences-rerank`, `default+diversity`.

    Raises ValueError, naming what there is.
    """
    called = name.strip().lower()
    found = _NAME.fullmatch(called)
    preset = found.group(1) if found else called
    if found is None or preset not in _PRESETS:
        raise ValueError(
            f"There is no pipeline {preset!r}. Choose one of {', '.join(PRESETS)}; a stage is left "
            "out by its name after a hyphen, as in default-sentences, and added after a plus, as "
            "in default+diversity."
        )
    pipeline = _PRESETS[preset]
    for sign, stage in re.findall(r"([-+])([a-z]*)", found.group(2)):
        there = _EXTRAS if sign == "+" else _STAGES
        if stage not in there:
            raise ValueError(
                f"There is no stage {stage!r} to {'add' if sign == '+' else 'leave out'}. "
                f"Choose from {', '.join(there)}."
            )
        pipeline = replace(pipeline, name=called, **there[stage])  # type: ignore[arg-type]
    return pipeline
