"""HTML to text with structure: the main content, without navigation and other furniture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import lxml.html
import trafilatura
from lxml import etree
from lxml.html import HtmlElement

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.builder import DocumentBuilder, choose_title
from retrieval.parsing.encoding import decode_text

_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset=["']?\s*([\w\-]+)""", re.IGNORECASE)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_XML_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_FURNITURE = (
    "//script | //style | //noscript | //template | //svg | //nav | //footer | //aside | //form"
    " | //iframe | //button | //select | //comment() | //processing-instruction()"
    " | //*[@hidden] | //*[@aria-hidden='true'] | //*[@role='navigation'] | //*[@role='search']"
    " | //*[@role='contentinfo'] | //*[contains(concat(' ', @class, ' '), ' headerlink ')]"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BREAKING = (
    frozenset(
        "address article blockquote body center dd details div dl dt fieldset figcaption figure"
        " header hgroup hr li main ol p pre section summary table ul".split()
    )
    | _HEADINGS
)


@dataclass(frozen=True, slots=True)
class _Found:
    kind: BlockKind
    text: str
    level: int = 0
    anchor: str | None = None


def parse_web_page(content: bytes, name: str) -> ParsedDocument:
    """Parse an HTML file; heading anchors are the ids that the page itself gives them."""
    charset = _CHARSET.search(content[:4096])
    source = decode_text(content, charset.group(1).decode("ascii") if charset else None)
    source = _XML_DECLARATION.sub("", source)
    if not source.strip():
        raise DocumentUnreadable("The file holds no text.")
    try:
        page = lxml.html.document_fromstring(source)
    except etree.ParserError as error:
        raise DocumentUnreadable("The file holds no text.") from error
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentUnreadable(f"The HTML cannot be read: {error}.") from error
    if _FORBIDDEN.search(source) or "&#" in source:
        _drop_forbidden(page)
    page_title = page.findtext(".//title")
    builder = DocumentBuilder()
    for found in _find_content(page, source):
        if found.kind is BlockKind.HEADING:
            builder.add_heading(found.text, found.level, anchor=found.anchor)
        else:
            builder.add_block(found.kind, found.text)
    return builder.build(choose_title([builder.first_heading, page_title], name))


def _drop_forbidden(page: HtmlElement) -> None:
    """Take out characters that lxml reads, and refuses when text is put together anew."""
    for node in page.iter():
        node.text = _FORBIDDEN.sub("", node.text or "")
        node.tail = _FORBIDDEN.sub("", node.tail or "")


def _find_content(page: HtmlElement, source: str) -> list[_Found]:
    for unwanted in page.xpath(_FURNITURE):
        if unwanted.getparent() is not None:
            unwanted.drop_tree()
    marked = page.xpath("//main | //*[@role='main']") or page.xpath("//article")
    if len(marked) == 1:
        content = list(_read_element(marked[0]))
        if content:
            return content
    body = page.find("body")
    everything = list(_read_element(page if body is None else body))
    return _keep_main(everything, source)


def _keep_main(everything: list[_Found], source: str) -> list[_Found]:
    """The blocks that trafilatura takes for the page's main content, and their headings."""
    main = trafilatura.extract(
        source, include_comments=False, include_tables=True, favor_recall=True
    )
    known = _squeeze(main or "")
    kept = [found for found in everything if _squeeze(found.text) in known] if known else []
    if sum(len(found.text) for found in kept) < 0.3 * len(known):
        return everything
    wanted = {id(found) for found in kept}
    return [found for found in everything if id(found) in wanted or found.level == 1]


def _squeeze(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def _read_element(element: HtmlElement, anchor: str | None = None) -> Iterator[_Found]:
    """Blocks below an element, in reading order; text between blocks becomes paragraphs."""
    loose = [element.text or ""]
    anchor = element.get("id") or anchor
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        if tag in _BREAKING or _holds_blocks(child):
            yield from _flush(loose)
            yield from _read_block(child, tag, anchor)
            # an id on a wrapper belongs to the first heading in it
            anchor = None if tag in _HEADINGS else anchor
        else:
            loose.append(_read_inline(child))
        loose.append(child.tail or "")
    yield from _flush(loose)


def _holds_blocks(element: HtmlElement) -> bool:
    return any(isinstance(node.tag, str) and node.tag in _BREAKING for node in element.iter())


def _flush(loose: list[str]) -> Iterator[_Found]:
    text = _tidy("".join(loose))
    loose.clear()
    if text:
        yield _Found(BlockKind.PARAGRAPH, text)


def _tidy(text: str) -> str:
    """White space as a browser shows it; only explicit line breaks stay."""
    lines = (" ".join(line.split()) for line in text.split(_BREAK))
    return "\n".join(line for line in lines if line)


_BREAK = "\x1e"
"""Stands for <br> until white space is collapsed."""


def _read_block(element: HtmlElement, tag: str, anchor: str | None) -> Iterator[_Found]:
    if tag in _HEADINGS:
        yield _read_heading(element, anchor)
    elif tag == "pre":
        yield _Found(BlockKind.CODE, element.text_content())
    elif tag == "table" and not element.xpath(".//table"):
        yield _Found(BlockKind.TABLE, "\n".join(_read_table(element)))
    elif tag in {"ul", "ol"}:
        yield _Found(BlockKind.LIST, "\n".join(_read_list(element)))
    elif tag == "dl":
        yield _Found(BlockKind.LIST, "\n".join(_read_definitions(element)))
    elif tag != "hr":
        yield from _read_element(element, anchor)


def _read_heading(element: HtmlElement, anchor: str | None) -> _Found:
    inner = element.xpath(".//*[@id]/@id | .//a[@name]/@name")
    own = element.get("id") or (str(inner[0]) if inner else None) or anchor
    text = _tidy(_read_inline(element)).replace("\n", " ").rstrip("¶#").strip()
    return _Found(BlockKind.HEADING, text, int(element.tag[1]), own)


def _read_inline(element: HtmlElement) -> str:
    if not isinstance(element.tag, str):
        return ""
    if element.tag == "br":
        return _BREAK
    if element.tag in {"code", "kbd", "samp"} and len(element) == 0 and element.text:
        return f"`{element.text}`"
    parts = [element.text or ""]
    for child in element:
        parts += [_read_inline(child), child.tail or ""]
    return "".join(parts)


def _read_table(table: HtmlElement) -> Iterator[str]:
    for caption in table.iter("caption"):
        yield _tidy(caption.text_content())
    for row in table.iter("tr"):
        cells = [_tidy(_read_flat(cell)).replace("\n", " ") for cell in row.iter("td", "th")]
        if any(cells):
            yield " | ".join(cells)


def _read_flat(element: HtmlElement) -> str:
    """An element's text with a space where a block ends."""
    return " ".join(found.text for found in _read_element(element))


def _read_list(element: HtmlElement) -> Iterator[str]:
    number = 0
    for item in element:
        if item.tag in {"ul", "ol"}:
            yield from (f"  {line}" for line in _read_list(item))
        if item.tag != "li":
            continue
        number += 1
        marker = f"{number}. " if element.tag == "ol" else "- "
        lines = [line for found in _read_element(item) for line in found.text.split("\n")]
        for position, line in enumerate(line for line in lines if line.strip()):
            yield (marker if position == 0 else "  ") + line


def _read_definitions(element: HtmlElement) -> Iterator[str]:
    term: list[str] = []
    for child in element.iter("dt", "dd"):
        text = " ".join(_read_flat(child).split())
        if child.tag == "dt":
            term.append(text)
        elif text:
            yield f"- {', '.join(term)}: {text}" if term else f"  {text}"
            term = []
    if term:
        yield f"- {', '.join(term)}"
