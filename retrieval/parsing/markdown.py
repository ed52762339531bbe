"""Markdown (CommonMark with tables and strikethrough) to text with structure."""

import re
import tomllib
from collections.abc import Iterator

import lxml.html
from lxml.etree import ParserError
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder, choose_title
from retrieval.parsing.encoding import decode_text

_FRONT_MATTER = re.compile(
    r"\A(---|\+\+\+)[ \t]*\n(.*?\n)??(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
_YAML_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.MULTILINE)
_OWN_ANCHOR = re.compile(r"\s*\{:?\s*#([\w\-.:]+)[^}]*\}\s*$")
_ALERT = re.compile(r"\A\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]+\](?!:)")


def parse_markdown(content: bytes, name: str) -> ParsedDocument:
    """Parse a Markdown file; `name` gives the title where the file has none."""
    text = decode_text(content).replace("\r\n", "\n").replace("\r", "\n")
    front_title, body = _split_front_matter(text)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    builder = DocumentBuilder()
    for node in SyntaxTreeNode(parser.parse(body)).children:
        _add_node(builder, node)
    return builder.build(choose_title([front_title, builder.first_heading], name))


def _split_front_matter(text: str) -> tuple[str | None, str]:
    match = _FRONT_MATTER.match(text)
    if not match:
        return None, text
    title: object = None
    settings = match.group(2) or ""
    if match.group(1) == "+++":
        try:
            title = tomllib.loads(settings).get("title")
        except tomllib.TOMLDecodeError:
            title = None
    elif found := _YAML_TITLE.search(settings):
        # only the title is wanted, and for a one-line scalar this is what YAML says
        title = found.group(1).strip("\"'")
    elif ":" not in settings:
        return None, text
    return (title if isinstance(title, str) else None), text[match.end() :]


def _add_node(builder: DocumentBuilder, node: SyntaxTreeNode) -> None:
    match node.type:
        case "heading":
            _add_heading(builder, node)
        case "paragraph":
            builder.add_block(BlockKind.PARAGRAPH, _read_paragraph(node))
        case "bullet_list" | "ordered_list":
            builder.add_block(BlockKind.LIST, "\n".join(_read_list(node)))
        case "fence" | "code_block":
            builder.add_block(BlockKind.CODE, node.content)
        case "table":
            builder.add_block(BlockKind.TABLE, "\n".join(_read_table(node)))
        case "html_block":
            builder.add_block(BlockKind.PARAGRAPH, _read_html(node.content))
        case "hr":
            pass
        case _:
            for child in node.children:
                _add_node(builder, child)


def _add_heading(builder: DocumentBuilder, node: SyntaxTreeNode) -> None:
    text = _read_inline(node)
    own = _OWN_ANCHOR.search(text)
    if own:
        text = text[: own.start()]
    anchor = own.group(1) if own else builder.slug(text.replace("`", ""))
    builder.add_heading(text, int(node.tag[1:]), anchor=anchor)


def _read_paragraph(node: SyntaxTreeNode) -> str:
    """A paragraph's text; '' if it consists of pictures, as rows of badges do."""
    leaves = [leaf for leaf in node.walk() if not leaf.children and leaf.type != "softbreak"]
    if leaves and all(_is_picture(leaf) for leaf in leaves):
        return ""
    text = _read_inline(node)
    return _ALERT.sub(lambda match: f"{match.group(1).capitalize()}: ", text)


def _is_picture(leaf: SyntaxTreeNode) -> bool:
    inside = leaf.parent is not None and leaf.parent.type == "image"
    return leaf.type == "image" or inside or not leaf.content.strip()


def _read_inline(node: SyntaxTreeNode) -> str:
    return _FOOTNOTE.sub("", "".join(_read_leaves(node))).strip()


def _read_leaves(node: SyntaxTreeNode) -> Iterator[str]:
    match node.type:
        case "text":
            yield node.content
        case "code_inline":
            yield f"`{node.content}`"
        case "softbreak":
            yield " "
        case "hardbreak":
            yield "\n"
        case "html_inline":
            yield "\n" if node.content.lower().startswith("<br") else ""
        case "image":
            yield node.content
        case _:
            for child in node.children:
                yield from _read_leaves(child)


def _read_list(node: SyntaxTreeNode) -> Iterator[str]:
    """The lines of a list; nested lists and further blocks of an item are indented."""
    start = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    for number, item in enumerate(node.children):
        marker = "- " if start is None else f"{start + number}. "
        lines = [line for child in item.children for line in _read_item_part(child)]
        for position, line in enumerate(lines or [""]):
            yield (marker if position == 0 else "  ") + line


def _read_item_part(node: SyntaxTreeNode) -> Iterator[str]:
    match node.type:
        case "bullet_list" | "ordered_list":
            yield from _read_list(node)
        case "fence" | "code_block":
            yield from node.content.rstrip("\n").split("\n")
        case "table":
            yield from _read_table(node)
        case "html_block":
            yield from filter(None, _read_html(node.content).split("\n"))
        case "paragraph" | "heading":
            text = _read_paragraph(node)
            text = re.sub(r"\A\[([ xX])\] ", lambda tick: _tick(tick.group(1)), text)
            yield from filter(None, text.split("\n"))
        case _:
            for child in node.children:
                yield from _read_item_part(child)


def _tick(mark: str) -> str:
    return "☐ " if mark == " " else "☑ "


def _read_table(node: SyntaxTreeNode) -> Iterator[str]:
    for row in node.walk():
        if row.type == "tr":
            cells = (_read_inline(cell).replace("\n", " ") for cell in row.children)
            yield " | ".join(cells)


def _read_html(source: str) -> str:
    try:
        element = lxml.html.fragment_fromstring(source, create_parent="div")
    except (ParserError, ValueError):
        return ""
    for unwanted in element.xpath(".//script | .//style | .//comment()"):
        unwanted.drop_tree()
    lines = (" ".join(line.split()) for line in element.text_content().split("\n"))
    return "\n".join(line for line in lines if line)
