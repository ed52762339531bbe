"""From a model's Markdown (CommonMark with tables and strikethrough) to the reply tree.

A model's output is not trusted: links and images become their text, raw HTML stays visible as
text, addresses that could be opened are taken out, and [n] counts as a citation only for a source
that exists.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.rendering.phrases.answers import LINK_REMOVED
from bot.rendering.reply import (
    Block,
    Bullets,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    LineBreak,
    Mark,
    Paragraph,
    Quote,
    Strike,
    Strong,
    Table,
    Text,
)

_MARK = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
ADDRESS = re.compile(
    r"(?:\b(?:[a-z][a-z0-9+.-]{1,20}://|mailto:|javascript:|data:)|www\.)[^\s<>\"'`|]+",
    re.IGNORECASE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Half characters, and what neither JSON nor PostgreSQL takes or nobody can see."""
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WRAPPERS: dict[str, type[Strong | Emphasis | Strike]] = {
    "strong": Strong,
    "em": Emphasis,
    "s": Strike,
}


def read_markdown(
    text: str, urls: Mapping[int, str], removed: str = LINK_REMOVED.en
) -> tuple[Block, ...]:
    """The blocks of a Markdown text; `urls` holds the stored URL of each source by its number.

    `removed` is shown where an address was.
    """
    return _Reader(urls, removed).blocks(_parse(_UNPRINTABLE.sub("", text)).children)


def _parse(text: str) -> SyntaxTreeNode:
    # Without 'reference', '[1]: address' cannot turn a citation mark into a foreign link.
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    return SyntaxTreeNode(parser.disable("reference").parse(text))


class _Reader:
    """Walks the syntax tree of one text."""

    def __init__(self, urls: Mapping[int, str], removed: str) -> None:
        self._urls = urls
        self._removed = removed

    def blocks(self, nodes: Sequence[SyntaxTreeNode]) -> tuple[Block, ...]:
        found = (self._block(node) for node in nodes)
        return tuple(block for block in found if block is not None)

    def _block(self, node: SyntaxTreeNode) -> Block | None:
        block: Block | None = None
        match node.type:
            case "heading":
                block = Heading(level=int(node.tag[1]), children=self._line(node))
            case "fence" | "code_block":
                language = re.sub(r"[^\w+#.-].*", "", node.info.strip())
                block = CodeBlock(text=node.content.removesuffix("\n"), language=language)
            case "bullet_list" | "ordered_list":
                block = self._bullets(node)
            case "blockquote":
                block = Quote(self.blocks(node.children))
            case "table":
                block = self._table(node)
            case "paragraph":
                children = self._line(node)
                block = Paragraph(children) if children else None
        return block

    def _bullets(self, node: SyntaxTreeNode) -> Bullets:
        start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
        return Bullets(tuple(self.blocks(item.children) for item in node.children), start)

    def _table(self, node: SyntaxTreeNode) -> Table:
        rows = [
            tuple(self._line(cell) for cell in row.children)
            for part in node.children
            for row in part.children
        ]
        return Table(header=rows[0], rows=tuple(rows[1:]))

    def _line(self, node: SyntaxTreeNode) -> tuple[Inline, ...]:
        return self._inlines([leaf for child in node.children for leaf in child.children])

    def _inlines(self, nodes: Sequence[SyntaxTreeNode]) -> tuple[Inline, ...]:
        parts = [part for node in nodes for part in self._inline(node)]
        inlines: list[Inline] = []
        # Marks and addresses may straddle tokens of the parser, so texts are joined first.
        for is_text, group in groupby(parts, key=lambda part: isinstance(part, Text)):
            if is_text:
                joined = "".join(part.text for part in group if isinstance(part, Text))
                inlines.extend(self._text(joined))
            else:
                inlines.extend(group)
        return tuple(inlines)

    def _inline(self, node: SyntaxTreeNode) -> list[Inline]:
        match node.type:
            case "strong" | "em" | "s":
                return [_WRAPPERS[node.type](self._inlines(node.children))]
            case "code_inline":
                return [Code(node.content)]
            case "softbreak":
                return [Text(" ")]
            case "hardbreak":
                return [LineBreak()]
            case "link":
                return self._link(node)
            case _:  # text; of an image, the words that stand for it
                return [Text(node.content)]

    def _link(self, node: SyntaxTreeNode) -> list[Inline]:
        children = self._inlines(node.children)
        match children:
            case (Text(text),) if text.isdigit() and int(text) in self._urls:
                return [self._mark(int(text))]
            case _:
                return list(children)

    def _text(self, text: str) -> list[Inline]:
        inlines: list[Inline] = []
        for index, line in enumerate(_LINE_BREAK.split(ADDRESS.sub(self._removed, text))):
            if index:
                inlines.append(LineBreak())
            inlines.extend(self._marked(line))
        return inlines

    def _marked(self, text: str) -> list[Inline]:
        inlines: list[Inline] = []
        rest = 0
        for found in _MARK.finditer(text):
            numbers = [int(digits) for digits in re.findall(r"\d+", found[1])]
            known = [number for number in numbers if number in self._urls]
            attached = found.start() > 0 and text[found.start() - 1].isalnum()
            if not known and attached:
                continue  # an index as in values[0], not a citation
            before = text[rest : found.start()]
            before = before if known else before.rstrip()
            inlines.extend([Text(before)] if before else [])
            inlines.extend(self._mark(number) for number in known)
            rest = found.end()
        return [*inlines, Text(text[rest:])] if text[rest:] else inlines

    def _mark(self, number: int) -> Mark:
        return Mark(number, self._urls[number])
