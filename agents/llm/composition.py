"""Writes an answer out of quotations: short first, the steps or the code where they are asked for.

Nothing is worded here that a source does not say, except single connecting lines.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from agents.language import find_terms
from agents.llm.evidence import Evidence, Ranking
from agents.llm.units import Unit, UnitKind, points_back, read_row
from agents.support import agrees_in_figures

_MOST_WORDS = 120
_MOST_SENTENCES = 3
_NEAR_BEST = 0.9
_SAME = 0.8
_LOOKED_AT = 10
_NEAR_ENOUGH = 0.83
_NEAR_ELSEWHERE = 0.965
"""Share of the best score at which steps or code are still preferred to a sentence: those of the
same document, and those of another."""
_MOST_ITEMS = 10
_MOST_CODE_LINES = 16
_HOW_TO = re.compile(
    r"\bhow (?:do|does|can|could|should|would|to|must|might)\b|\bsteps?\b|\binstructions?\b"
    r"|\bwhat (?:do|must|should) (?:i|we) (?:do|run|type|need)\b|\bwie (?:kann|mache?|muss|lege?"
    r"|installiere?|richte)\b|\bcomment\b|\bcómo\b|\bset(?:ting)? ?up\b|\binstall(?:ing)?\b"
    r"|\bconfigur(?:e|ing)\b|\b(?:which|what) command\b|\bexample\b",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"\b(?:what|which) (?:\w+ ){0,3}(?:are|kinds?|types?|options?|sources?|formats?|files?|steps?"
    r"|\w+s)\b|\blist\b|\bwelche\b|\bquels?\b",
    re.IGNORECASE,
)


def compose(question: str, ranking: Ranking) -> str:
    """The draft for one question, its [n] counting passages from 1; '' without evidence."""
    ranking = _drop_headwords(ranking)
    if not ranking.best:
        return ""
    top = ranking.best[0]
    asks_how = _HOW_TO.search(question) is not None
    home = ranking.documents[top.passage]
    for evidence in ranking.best[:_LOOKED_AT] if asks_how else (top,):
        near = _NEAR_ENOUGH if ranking.documents[evidence.passage] == home else _NEAR_ELSEWHERE
        if evidence.score < near * top.score:
            continue
        structured = _quote_structure(question, evidence, ranking)
        if structured:
            return structured
    return _quote_sentences(ranking)


def _drop_headwords(ranking: Ranking) -> Ranking:
    """The ranking without sentences of one word, as bold beginnings of paragraphs are, where there
    is anything else.
    """
    best = tuple(one for one in ranking.best if not _is_headword(one.unit))
    return replace(ranking, best=best) if best else ranking


def _is_headword(unit: Unit) -> bool:
    return unit.kind is UnitKind.SENTENCE and len(unit.text.split()) == 1


def _quote_sentences(ranking: Ranking) -> str:
    chosen: list[Evidence] = []
    words = 0
    best = ranking.best[0]
    for evidence in ranking.best:
        length = len(evidence.unit.text.split())
        if chosen and (
            evidence.score < _NEAR_BEST * best.score
            or words + length > _MOST_WORDS
            or evidence.unit.kind in {UnitKind.CODE, UnitKind.ROW}
            or evidence.unit.text.rstrip().endswith((":", "?"))
            or any(_says_the_same(evidence.unit.text, held.unit.text) for held in chosen)
        ):
            continue
        chosen.append(evidence)
        words += length
        if len(chosen) == _MOST_SENTENCES:
            break
    quoted = frozenset((evidence.passage, evidence.index) for evidence in chosen)
    return " ".join(_quote(evidence, ranking, quoted) for evidence in _in_order(chosen))


def _in_order(chosen: Sequence[Evidence]) -> list[Evidence]:
    """Best first, with what it points back to before it; then as they stand in the passages."""
    order = list(dict.fromkeys(evidence.passage for evidence in chosen))
    first = chosen[0]
    before = (first.passage, first.index - 1) if points_back(first.unit.text) else None
    lead = [one for one in chosen[1:] if (one.passage, one.index) == before]
    rest = [one for one in chosen[1:] if one not in lead]
    rest.sort(key=lambda one: (order.index(one.passage), one.index))
    return [*lead, first, *rest]


def _quote(evidence: Evidence, ranking: Ranking, quoted: frozenset[tuple[int, int]]) -> str:
    """One sentence with its mark; what it points back to goes before it, unless quoted anyway."""
    mark = f"[{evidence.passage + 1}]"
    units = ranking.units[evidence.passage]
    text = evidence.unit.text
    if evidence.unit.kind is UnitKind.CODE:
        return f"\n{_fence(text)}\n"
    if evidence.unit.kind is UnitKind.ROW:
        return f"{_end(read_row(units, evidence.index))} {mark}"
    if evidence.unit.kind is UnitKind.SENTENCE and points_back(text):
        known = (evidence.passage, evidence.index - 1) in quoted
        before = units[evidence.index - 1] if evidence.index and not known else None
        if before is not None and before.block == evidence.unit.block and len(before.text) < 300:
            text = f"{_end(before.text)} {mark} {text}"
    return f"{_end(text)} {mark}"


def _quote_structure(question: str, top: Evidence, ranking: Ranking) -> str:
    """The list or the code that the best evidence stands in, or introduces; '' if it does not."""
    units = ranking.units[top.passage]
    kind = top.unit.kind
    mark = f"[{top.passage + 1}]"
    if kind is UnitKind.ITEM:
        return _quote_list(question, units, top.index, mark)
    follower = _next_block(units, top.index)
    introduces = top.unit.text.rstrip().endswith((":", "："))
    asks_how = _HOW_TO.search(question) is not None
    if kind is UnitKind.CODE and asks_how:
        lead = units[top.index - 1] if top.index else None
        intro = f"{_end(lead.text)} {mark}\n" if lead and lead.kind is UnitKind.SENTENCE else ""
        return f"{intro}{_fence(top.unit.text)}"
    if kind is not UnitKind.SENTENCE or not follower or not (introduces or asks_how):
        return ""
    if follower[0].kind is UnitKind.ITEM:
        return f"{_end(top.unit.text)} {mark}\n{_write_items(follower)}"
    if follower[0].kind is UnitKind.CODE:
        return f"{_end(top.unit.text)} {mark}\n{_fence(follower[0].text)}"
    return ""


def _quote_list(question: str, units: Sequence[Unit], index: int, mark: str) -> str:
    block = units[index].block
    items = [unit for unit in units if unit.block == block]
    lead = next(
        (
            unit
            for unit in reversed(units[:index])
            if unit.block == block - 1 and unit.kind is UnitKind.SENTENCE
        ),
        None,
    )
    whole = items[0].ordered or _HOW_TO.search(question) or _LISTING.search(question)
    chosen = items if whole else [units[index]]
    if lead is None and len(chosen) == 1:
        return f"{_end(units[index].text)} {mark}"
    if lead is not None:
        return f"{_end(lead.text)} {mark}\n{_write_items(chosen)}"
    heading = units[index].heading
    return f"{heading}: {mark}\n{_write_items(chosen)}" if heading else _write_items(chosen, mark)


def _write_items(items: Sequence[Unit], mark: str = "") -> str:
    lines: list[str] = []
    words = 0
    for number, item in enumerate(items[:_MOST_ITEMS], start=1):
        words += len(item.text.split())
        if lines and words > _MOST_WORDS:
            break
        text = f"{item.text} {mark}".rstrip()
        lines.append(f"{number}. {text}" if item.ordered else f"- {text}")
    if len(lines) < len(items):
        lines.append("- …" if not items[0].ordered else f"{len(lines) + 1}. …")
    return "\n".join(lines)


def _next_block(units: Sequence[Unit], index: int) -> list[Unit]:
    if index + 1 >= len(units) or units[index + 1].block == units[index].block:
        return []
    block = units[index + 1].block
    return [unit for unit in units[index + 1 :] if unit.block == block]


def _fence(code: str) -> str:
    lines = code.splitlines()
    shown = lines[:_MOST_CODE_LINES]
    if len(lines) > len(shown):
        shown.append("…")
    return "```\n" + "\n".join(shown) + "\n```"


def _end(text: str) -> str:
    text = text.strip()
    return (
        text
        if text.endswith((".", "!", "?", ":", "…", "。", "！", "？", ")", "："))
        else f"{text}."
    )


def _says_the_same(one: str, other: str) -> bool:
    """Whether two sentences tell the same: nearly the same words, and no other figure."""
    if not agrees_in_figures(one, other) and not agrees_in_figures(other, one):
        return False
    left, right = set(find_terms(one)), set(find_terms(other))
    if not left or not right:
        return one.strip() == other.strip()
    return len(left & right) / min(len(left), len(right)) >= _SAME
