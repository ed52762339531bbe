"""Notion's blocks and properties as Markdown (https://developers.notion.com/reference/block)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retrieval.sources.markdown import escape_text, write_heading
from retrieval.sources.service import Json


@dataclass(frozen=True, slots=True)
class BlockTree:
    """A block as the API shows it, with the blocks inside it."""

    block: Json
    children: Sequence["BlockTree"] = ()

    @property
    def type(self) -> str:
        """The block's type, such as `paragraph`."""
        return str(self.block["type"])

    @property
    def content(self) -> Json:
        """What its type says of it."""
        content: Json = self.block.get(self.type) or {}
        return content


def read_title(page: Json) -> str:
    """A page's title as plain text; '' if it has none."""
    for value in page["properties"].values():
        if value["type"] == "title":
            return _read_plain(value["title"])
    return ""


def write_page(page: Json, blocks: Sequence[BlockTree]) -> str:
    """A page with its title and, as a row of a database, its properties."""
    title = write_heading(1, read_title(page) or "Untitled", _anchor(page["id"]))
    properties = "\n".join(_write_properties(page["properties"]))
    return "\n\n".join(part for part in (title, properties, _write_all(blocks)) if part)


def _write_properties(properties: Mapping[str, Json]) -> Iterator[str]:
    for name, value in properties.items():
        text = "" if value["type"] == "title" else _read_value(value)
        if text:
            yield f"- {escape_text(name)}: {escape_text(text)}"


def _read_value(value: Json) -> str:
    """A property's value in words; '' for those that only point elsewhere."""
    kind = str(value["type"])
    content = value.get(kind)
    read = _VALUES.get(kind)
    return "" if content is None or read is None else read(content)


def _read_date(content: Json) -> str:
    return " to ".join(moment for moment in (content["start"], content["end"]) if moment)


def _read_names(content: Sequence[Json]) -> str:
    return ", ".join(item["name"] for item in content if item.get("name"))


def _read_plain(runs: Sequence[Json]) -> str:
    return "".join(run["plain_text"] for run in runs)


_VALUES: Mapping[str, Callable[[Any], str]] = {
    "rich_text": _read_plain,
    "select": lambda content: str(content["name"]),
    "status": lambda content: str(content["name"]),
    "multi_select": _read_names,
    "people": _read_names,
    "date": _read_date,
    "checkbox": lambda content: "yes" if content else "no",
    "boolean": lambda content: "yes" if content else "no",
    "unique_id": lambda content: "-".join(
        filter(None, (content["prefix"], str(content["number"])))
    ),
    "formula": _read_value,
    **dict.fromkeys(("number", "string", "url", "email", "phone_number"), str),
}


def _write_all(blocks: Sequence[BlockTree]) -> str:
    """Blocks one after the other; items of a list stay together."""
    text = ""
    number, before = 0, ""
    for tree in blocks:
        number = number + 1 if tree.type == before == "numbered_list_item" else 1
        written = _write(tree, number)
        if written:
            item = tree.type.endswith("_item") or tree.type == "to_do"
            text += (
                ("\n" if item and tree.type == before else "\n\n") + written if text else written
            )
            before = tree.type
    return text


def _write(tree: BlockTree, number: int) -> str:
    if tree.type in _MARKERS:
        marker = _MARKERS[tree.type](tree.content, number)
        return _hang(marker, _write_text(tree.content["rich_text"]), _write_all(tree.children))
    return _WRITERS.get(tree.type, _write_paragraph)(tree)


def _write_paragraph(tree: BlockTree) -> str:
    text = _write_text(tree.content.get("rich_text") or [])
    return _join(text, _write_all(tree.children))


def _write_heading(tree: BlockTree) -> str:
    words, anchor = _read_plain(tree.content["rich_text"]), _anchor(tree.block["id"])
    return _join(write_heading(int(tree.type[-1]) + 1, words, anchor), _write_all(tree.children))


def _write_quote(tree: BlockTree) -> str:
    return "\n".join(f"> {line}".rstrip() for line in _write_paragraph(tree).split("\n"))


def _write_code(tree: BlockTree) -> str:
    return _fence(_read_plain(tree.content["rich_text"]), tree.content.get("language") or "")


def _write_address(tree: BlockTree) -> str:
    return _join(f"<{tree.content['url']}>", _write_caption(tree))


def _write_caption(tree: BlockTree) -> str:
    return _write_text(tree.content.get("caption") or [])


def _write_table(tree: BlockTree) -> str:
    rows = [
        "| " + " | ".join(_write_text(cell) for cell in row.content["cells"]) + " |"
        for row in tree.children
    ]
    if not rows:
        return ""
    width = len(tree.children[0].content["cells"])
    return "\n".join([rows[0], "|" + " --- |" * width, *rows[1:]])


def _hang(marker: str, text: str, inside: str) -> str:
    indent = " " * (len(marker) if marker[0].isdigit() else 2)
    lines = [f"{indent}{line}".rstrip() for line in inside.split("\n")] if inside else []
    return _join(marker + text, "\n".join(lines))


def _fence(code: str, language: str) -> str:
    marks = "```"
    while marks in code:
        marks += "`"
    return f"{marks}{language.replace(' ', '-')}\n{code}\n{marks}"


def _write_text(runs: Sequence[Json]) -> str:
    return "".join(
        f"`{run['plain_text']}`" if run["annotations"]["code"] else _escape_lines(run["plain_text"])
        for run in runs
    )


def _escape_lines(text: str) -> str:
    """As escape_text, with spaces at the ends and line breaks kept."""
    lines = []
    for line in text.split("\n"):
        words = escape_text(line)
        before = " " if line[:1].isspace() and words else ""
        after = " " if line[-1:].isspace() else ""
        lines.append(before + words + after)
    return "  \n".join(lines)


def _anchor(block_id: str) -> str:
    return block_id.replace("-", "")


def _join(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


_MARKERS: Mapping[str, Callable[[Json, int], str]] = {
    "bulleted_list_item": lambda content, number: "- ",  # noqa: ARG005
    "numbered_list_item": lambda content, number: f"{number}. ",  # noqa: ARG005
    "to_do": lambda content, number: f"- [{'x' if content['checked'] else ' '}] ",  # noqa: ARG005
}
_WRITERS: Mapping[str, Callable[[BlockTree], str]] = {
    **dict.fromkeys(("heading_1", "heading_2", "heading_3", "heading_4"), _write_heading),
    **dict.fromkeys(("quote", "callout"), _write_quote),
    **dict.fromkeys(("image", "video", "file", "pdf", "audio"), _write_caption),
    **dict.fromkeys(("bookmark", "embed", "link_preview"), _write_address),
    # documents of their own
    **dict.fromkeys(("child_page", "child_database"), lambda tree: ""),  # noqa: ARG005
    "code": _write_code,
    "equation": lambda tree: _fence(tree.content["expression"], ""),
    "table": _write_table,
}
