"""Splits a reply into messages that a platform takes. Pure.

A split never breaks markup: code blocks go on as code blocks of the same language, tables repeat
their header, numbered lists count on, and running text is cut at a sentence or a word.
"""

from collections.abc import Callable
from dataclasses import replace

from bot.rendering.inlines import cut_inlines, find_cut, measure_inlines
from bot.rendering.reply import (
    Block,
    Bullets,
    CodeBlock,
    Heading,
    Paragraph,
    Quote,
    Reply,
    Strong,
    Table,
    Text,
)

Blocks = tuple[Block, ...]

Fits = Callable[[Reply], bool]
"""Whether a reply, rendered, is within one message of the platform. Monotonic: what fits still
fits with a part taken away."""

_STUB = 40
"""Characters; fewer than this of a cut paragraph are not put at the end of a full message."""


def split_reply(reply: Reply, fits: Fits) -> tuple[Reply, ...]:
    """The reply in messages each of which fits, filled in reading order.

    Notices open the first message; sources, footer and buttons close the last, and go on in further
    messages where they do not fit. Raises ValueError if a message takes not even one character.
    """
    if fits(reply):
        return (reply,)
    pieces = _Pieces(fits, private=reply.private)
    for notice in reply.notices:
        pieces.add(Reply((), notices=(notice,)))
    for block in reply.blocks:
        pieces.add_block(block)
    for line in reply.sources:
        pieces.add(Reply((), sources=(line,)))
    if reply.footer:
        pieces.add(Reply((), footer=reply.footer))
    if reply.buttons or reply.rating or reply.menu:
        pieces.add(replace(reply, blocks=(), sources=(), notices=(), footer=""))
    return pieces.finish()


class _Pieces:
    """Fills one message after the other."""

    def __init__(self, fits: Fits, *, private: bool) -> None:
        self._fits = fits
        self._empty = Reply((), private=private)
        self._current = self._empty
        self._full: list[Reply] = []

    def add(self, part: Reply) -> None:
        """Add what cannot be cut to the current message, or to another."""
        if not self._fits(_join(self._current, part)) and self._current != self._empty:
            self._close()
        self._current = _join(self._current, part)
        if not self._fits(self._current):
            raise ValueError("a notice, a source or the small print is longer than a message")

    def add_block(self, block: Block) -> None:
        """Fill messages with a block, cut where it must be."""
        rest: Blocks = (block,)
        while rest:
            block, *following = rest
            if self._takes(block):
                self._current = _join(self._current, Reply((block,)))
                rest = tuple(following)
                continue
            head, tail = cut_block(block, self._takes)
            if head is not None and self._is_worth(head):
                self._current = _join(self._current, Reply((head,)))
                rest = (*tail, *following)
                self._close()
            elif self._current == self._empty:
                rest = (*_soften(block), *following)
            else:
                self._close()

    def finish(self) -> tuple[Reply, ...]:
        """All messages."""
        if self._current != self._empty:
            self._full.append(self._current)
        return tuple(self._full)

    def _takes(self, block: Block) -> bool:
        return self._fits(_join(self._current, Reply((block,))))

    def _is_worth(self, head: Block) -> bool:
        match head:
            case Paragraph(children):
                return self._current == self._empty or measure_inlines(children) >= _STUB
            case _:
                return True

    def _close(self) -> None:
        blocks = self._current.blocks
        # A heading goes with what follows it.
        last = len(blocks) > 1 and not self._current.sources and isinstance(blocks[-1], Heading)
        moved = blocks[-1:] if last else ()
        kept = blocks[: len(blocks) - len(moved)]
        self._full.append(replace(self._current, blocks=kept))
        self._current = replace(self._empty, blocks=moved)


def _join(message: Reply, part: Reply) -> Reply:
    return replace(
        message,
        blocks=(*message.blocks, *part.blocks),
        sources=(*message.sources, *part.sources),
        notices=(*message.notices, *part.notices),
        footer=message.footer or part.footer,
        buttons=(*message.buttons, *part.buttons),
        rating=message.rating or part.rating,
        menu=(*message.menu, *part.menu),
        menu_label=message.menu_label or part.menu_label,
    )


def cut_block(block: Block, takes: Callable[[Block], bool]) -> tuple[Block | None, Blocks]:
    """The longest head of a block that is taken, None if there is none, and what is left."""
    match block:
        case Paragraph():
            return _cut_paragraph(block, takes)
        case Heading():
            return None, (block,)
        case CodeBlock():
            return _cut_code(block, takes)
        case Table():
            return _cut_table(block, takes)
        case Bullets():
            return _cut_bullets(block, takes)
        case Quote(children):
            head, rest = _cut_blocks(children, lambda blocks: takes(Quote(blocks)))
            return (Quote(head) if head else None), ((Quote(rest),) if rest else ())


def _cut_paragraph(block: Paragraph, takes: Callable[[Block], bool]) -> tuple[Block | None, Blocks]:
    children = block.children
    length = measure_inlines(children)
    most = _count_most(length, lambda n: takes(Paragraph(cut_inlines(children, 0, n))))
    end, start = find_cut(children, most) if most else (0, 0)
    if end == 0:
        return None, (block,)
    tail = cut_inlines(children, start, length)
    return Paragraph(cut_inlines(children, 0, end)), ((Paragraph(tail),) if tail else ())


def _cut_code(block: CodeBlock, takes: Callable[[Block], bool]) -> tuple[Block | None, Blocks]:
    lines = block.text.split("\n")
    whole = _count_most(len(lines), lambda n: takes(replace(block, text="\n".join(lines[:n]))))
    if whole:
        end = len("\n".join(lines[:whole]))
        start = end + 1
    else:
        end = _count_most(len(lines[0]), lambda n: takes(replace(block, text=block.text[:n])))
        start = end
    if end == 0 and not whole:
        return None, (block,)
    head, tail = replace(block, text=block.text[:end]), replace(block, text=block.text[start:])
    return head, (tail,)


def _cut_table(table: Table, takes: Callable[[Block], bool]) -> tuple[Block | None, Blocks]:
    count = _count_most(len(table.rows), lambda n: takes(replace(table, rows=table.rows[:n])))
    if count == 0:
        return None, (table,)
    return replace(table, rows=table.rows[:count]), (replace(table, rows=table.rows[count:]),)


def _cut_bullets(bullets: Bullets, takes: Callable[[Block], bool]) -> tuple[Block | None, Blocks]:
    items, start = bullets.items, bullets.start
    count = _count_most(len(items), lambda n: takes(Bullets(items[:n], start)))
    if count:
        return Bullets(items[:count], start), (_continue_list(bullets, count),)
    head, tail = _cut_blocks(items[0], lambda blocks: takes(Bullets((blocks,), start)))
    if not head:
        return None, (bullets,)
    # The rest of the item goes on without a sign of its own, ahead of the other items.
    others = (_continue_list(bullets, 1),) if len(items) > 1 else ()
    return Bullets((head,), start), (*tail, *others)


def _cut_blocks(blocks: Blocks, takes: Callable[[Blocks], bool]) -> tuple[Blocks, Blocks]:
    count = _count_most(len(blocks), lambda n: takes(blocks[:n]))
    kept, rest = blocks[:count], blocks[count:]
    if not rest:
        return kept, ()
    head, tail = cut_block(rest[0], lambda block: takes((*kept, block)))
    return (kept, rest) if head is None else ((*kept, head), (*tail, *rest[1:]))


def _continue_list(bullets: Bullets, count: int) -> Bullets:
    start = None if bullets.start is None else bullets.start + count
    return Bullets(bullets.items[count:], start)


def _soften(block: Block) -> Blocks:
    """What an empty message does not take even in part, in a form that is cut more finely."""
    match block:
        case Heading(_, children):
            return (Paragraph((Strong(children),)),)
        case Table():
            return _spell_out(block)
        case Quote(children):
            return children
        case Bullets(items):
            return (*items[0], *((_continue_list(block, 1),) if len(items) > 1 else ()))
        case _:
            raise ValueError("a message takes not even one character of the reply")


def _spell_out(table: Table) -> Blocks:
    """A table whose rows are too long for a message, as 'header: cell' line by line."""
    if not table.rows:
        return tuple(Paragraph((Strong(cell),)) for cell in table.header)
    return tuple(
        Paragraph((Strong(name), Text(": "), *cell))
        for row in table.rows
        for name, cell in zip(table.header, row, strict=True)
    )


def _count_most(total: int, holds: Callable[[int], bool]) -> int:
    """The largest n in 0..total for which a monotonic condition holds, by bisection."""
    low, high = 0, total
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
