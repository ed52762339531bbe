"""Cuts a parsed document into chunks along its own structure. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from retrieval.model import Block, BlockKind, Chunk, ParsedDocument, Span
from retrieval.sentences import split_sentences

CountTokens = Callable[[Sequence[str]], list[int]]

MAX_CHARACTERS = 1000
"""A chunk's greatest length: with MiniLM the size that all measured baselines use."""
MAX_TOKENS = 250
"""A chunk's greatest size for the embedding model; MiniLM reads 256, two of them its own marks."""
MIN_CHARACTERS = 30
"""A section shorter than this is joined with its neighbours: alone it says too little. Kept low,
because a citation names the section that a chunk begins in."""


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str
    level: int
    anchor: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class _Unit:
    """A stretch of text that is not cut any more."""

    span: Span
    tokens: int
    block: Block


@dataclass(frozen=True, slots=True)
class _Section:
    """Units under the same headings; `headings` runs from the top heading down."""

    headings: tuple[_Heading, ...]
    units: tuple[_Unit, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A chunk to be: `block` is its first, `target` the heading that a link should lead to."""

    span: Span
    headings: tuple[_Heading, ...]
    block: Block
    target: _Heading | None


@dataclass(frozen=True, slots=True)
class _Limits:
    characters: int
    tokens: int
    least: int


def chunk_document(
    document: ParsedDocument,
    *,
    count_tokens: CountTokens,
    max_characters: int = MAX_CHARACTERS,
    max_tokens: int = MAX_TOKENS,
    min_characters: int = MIN_CHARACTERS,
) -> list[Chunk]:
    """The chunks of a document, in order, covering all its text but headings.

    A chunk keeps to one section; sections shorter than `min_characters` are joined with those
    that follow. Paragraphs, list items, table rows and code stay whole where they fit in
    `max_characters` and `max_tokens`; what does not fit is cut at sentences, items, rows or
    lines, and only then at words. `chunk.text == document.text[chunk.span.start:chunk.span.end]`.
    A chunk's own heading is in `heading_path` and not in its text, but the headings of joined
    sections are in both.
    """
    limits = _Limits(max_characters, max_tokens, min_characters)
    sections = _collect_sections(document, count_tokens, limits)
    pieces = _make_pieces(document.text, sections, count_tokens, limits)
    texts = [document.text[piece.span.start : piece.span.end] for piece in pieces]
    return [
        Chunk(
            ordinal=ordinal,
            text=text,
            span=piece.span,
            heading_path=_name_path(piece.headings, document.title),
            page=piece.block.page,
            anchor=piece.block.anchor or (piece.target.anchor if piece.target else None),
            tokens=tokens,
        )
        for ordinal, (text, piece, tokens) in enumerate(
            zip(texts, pieces, count_tokens(texts) if texts else [], strict=True)
        )
    ]


def _name_path(headings: tuple[_Heading, ...], title: str) -> tuple[str, ...]:
    names = tuple(heading.text for heading in headings)
    return names[1:] if names and names[0].casefold() == title.casefold() else names


def _collect_sections(
    document: ParsedDocument, count_tokens: CountTokens, limits: _Limits
) -> list[_Section]:
    content = [block for block in document.blocks if block.kind is not BlockKind.HEADING]
    only_headings = not content
    units = _cut_blocks(
        document.text, document.blocks if only_headings else content, count_tokens, limits
    )
    if only_headings:
        return [_Section((), tuple(units))] if units else []
    sections: list[_Section] = []
    path: tuple[_Heading, ...] = ()
    waiting = iter(units)
    unit = next(waiting, None)
    for block in document.blocks:
        if block.kind is BlockKind.HEADING:
            text = " ".join(document.text[block.span.start : block.span.end].split())
            kept = tuple(heading for heading in path if heading.level < block.level)
            span = _strip(document.text, block.span) or block.span
            path = (*kept, _Heading(text, block.level, block.anchor, span))
            continue
        own: list[_Unit] = []
        while unit is not None and unit.block is block:
            own.append(unit)
            unit = next(waiting, None)
        if sections and sections[-1].headings == path:
            sections[-1] = _Section(path, (*sections[-1].units, *own))
        else:
            sections.append(_Section(path, tuple(own)))
    return [section for section in sections if section.units]


def _cut_blocks(
    text: str, blocks: Sequence[Block], count_tokens: CountTokens, limits: _Limits
) -> list[_Unit]:
    """Units that fit the limits, in order; measured in batches, for tokenizers like those."""
    pending = [(block, span, 0) for block in blocks if (span := _strip(text, block.span))]
    settled: list[tuple[int, _Unit]] = []
    while pending:
        counts = count_tokens([text[span.start : span.end] for _, span, _ in pending])
        oversized = []
        for (block, span, depth), tokens in zip(pending, counts, strict=True):
            length = span.end - span.start
            if length > 1 and (length > limits.characters or tokens > limits.tokens):
                oversized.append((block, span, depth))
            else:
                settled.append((span.start, _Unit(span, tokens, block)))
        pending = [
            (block, part, depth + 1)
            for block, span, depth in oversized
            for part in _cut_span(text, block.kind, span, depth)
        ]
    return [unit for _, unit in sorted(settled, key=lambda item: item[0])]


def _cut_span(text: str, kind: BlockKind, span: Span, depth: int) -> list[Span]:
    """Smaller parts of a span: the natural ones first, halves when there are none."""
    if depth == 0:
        cuts = _find_line_starts if kind in _LINEWISE else _find_sentence_starts
        starts = [span.start, *cuts(text, span), span.end]
    elif depth == 1 and kind is BlockKind.LIST:
        starts = [span.start, *_find_sentence_starts(text, span), span.end]
    else:
        starts = [span.start, _find_middle(text, span), span.end]
    parts = (_strip(text, Span(start, end)) for start, end in pairwise(sorted(set(starts))))
    return [part for part in parts if part is not None]


_LINEWISE = frozenset({BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE})


def _find_line_starts(text: str, span: Span) -> Iterator[int]:
    position = text.find("\n", span.start, span.end)
    while position >= 0:
        yield position + 1
        position = text.find("\n", position + 1, span.end)


def _find_sentence_starts(text: str, span: Span) -> Iterator[int]:
    """Where sentences start, their list markers included."""
    ended = span.start
    for sentence in split_sentences(text[span.start : span.end]):
        start = span.start + sentence.start
        line = text.rfind("\n", ended, start) + 1
        yield line if line > ended and start - line <= 8 else start
        ended = span.start + sentence.end


def _find_middle(text: str, span: Span) -> int:
    """The white space nearest to the middle of a span, or the middle itself."""
    middle = (span.start + span.end) // 2
    reach = (span.end - span.start) // 4
    for distance in range(reach):
        for position in (middle - distance, middle + distance):
            if text[position].isspace():
                return position
    return middle


def _strip(text: str, span: Span) -> Span | None:
    """The span without outer white space, or None if there is nothing else."""
    start, end = span.start, span.end
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return Span(start, end) if start < end else None


def _make_pieces(
    text: str, sections: Sequence[_Section], count_tokens: CountTokens, limits: _Limits
) -> list[_Piece]:
    groups = list(_join_sections(sections, limits))
    floors = [0, *(_find_end(group) for group in groups)]
    joined = {
        id(group): _join_group(group, floor)
        for group, floor in zip(groups, floors, strict=False)
        if len(group) > 1
    }
    texts = [text[piece.span.start : piece.span.end] for piece in joined.values()]
    for key, tokens in zip(list(joined), count_tokens(texts) if texts else [], strict=True):
        # the headings in between were not measured before
        if tokens > limits.tokens:
            del joined[key]
    return [
        piece
        for group in groups
        for piece in (
            [joined[id(group)]]
            if id(group) in joined
            else [part for section in group for part in _pack_section(section, limits)]
        )
    ]


def _join_sections(sections: Sequence[_Section], limits: _Limits) -> Iterator[list[_Section]]:
    """Runs of sections; those of more than one are small enough to make one chunk."""
    group: list[_Section] = []
    floor = 0
    for section in sections:
        if group and not _may_join(group, section, limits, floor):
            yield group
            floor = _find_end(group)
            group = []
        group.append(section)
    if group:
        yield group


def _find_end(group: Sequence[_Section]) -> int:
    return group[-1].units[-1].span.end


def _may_join(group: Sequence[_Section], section: _Section, limits: _Limits, floor: int) -> bool:
    whole = _join_group([*group, section], floor)
    if whole.span.end - whole.span.start > limits.characters:
        return False
    collected = group[-1].units[-1].span.end - group[0].units[0].span.start
    if collected >= limits.least:
        return False
    return bool(whole.headings) or _measure(section) < limits.least


def _measure(section: _Section) -> int:
    return section.units[-1].span.end - section.units[0].span.start


def _shared_path(sections: Sequence[_Section]) -> tuple[_Heading, ...]:
    shared = sections[0].headings
    for section in sections[1:]:
        length = 0
        for ours, theirs in zip(shared, section.headings, strict=False):
            if ours != theirs:
                break
            length += 1
        shared = shared[:length]
    return shared


def _join_group(group: Sequence[_Section], floor: int) -> _Piece:
    """One piece of it all. Headings that end before `floor` belong to the piece before."""
    shared = _shared_path(group)
    first = group[0]
    fresh = (one for one in first.headings[len(shared) :] if one.span.start >= floor)
    own = next(fresh, None)
    start = own.span.start if own else first.units[0].span.start
    target = first.headings[-1] if first.headings else None
    return _Piece(Span(start, group[-1].units[-1].span.end), shared, first.units[0].block, target)


def _pack_section(section: _Section, limits: _Limits) -> list[_Piece]:
    """Fill chunks evenly, so that the last one is no leftover."""
    total = _measure(section)
    target = total / -(-total // limits.characters)
    pieces: list[_Piece] = []
    packed: list[_Unit] = []
    for unit in section.units:
        if packed:
            length = unit.span.end - packed[0].span.start
            tokens = unit.tokens + sum(member.tokens for member in packed)
            full = packed[-1].span.end - packed[0].span.start >= target
            if full or length > limits.characters or tokens > limits.tokens:
                pieces.append(_make_piece(section, packed))
                packed = []
        packed.append(unit)
    pieces.append(_make_piece(section, packed))
    return pieces


def _make_piece(section: _Section, units: Sequence[_Unit]) -> _Piece:
    target = section.headings[-1] if section.headings else None
    span = Span(units[0].span.start, units[-1].span.end)
    return _Piece(span, section.headings, units[0].block, target)
