"""Jupyter notebooks (ipynb) to text with structure: what was written and the code, not its output.

The format is that of nbformat (https://nbformat.readthedocs.io), versions 3 and 4.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument
from retrieval.parsing.encoding import decode_text
from retrieval.parsing.markdown import parse_markdown

_OUTPUT_CHARACTERS = 400
"""Output is kept if it is shorter: a result, not a listing."""
_TICKS = re.compile(r"`{3,}")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def parse_notebook(content: bytes, name: str) -> ParsedDocument:
    """Parse a notebook as the Markdown that its cells come to."""
    try:
        notebook = json.loads(decode_text(content))
        cells = list(_find_cells(notebook))
        language = _find_language(notebook)
        parts = [part for cell in cells for part in _read_cell(cell, language)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DocumentUnreadable("The notebook is broken. Save it in Jupyter anew.") from error
    if not any(part.strip() for part in parts):
        raise DocumentUnreadable("The notebook holds no text.")
    return parse_markdown("\n\n".join(parts).encode(), name)


def _find_cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "worksheets" in notebook:
        for sheet in notebook["worksheets"]:
            yield from sheet["cells"]
    else:
        yield from notebook["cells"]


def _find_language(notebook: dict[str, Any]) -> str:
    described = notebook.get("metadata", {})
    told = described.get("kernelspec", {}).get("language") or described.get(
        "language_info", {}
    ).get("name")
    return told if isinstance(told, str) and told.isalnum() else ""


def _read_cell(cell: dict[str, Any], language: str) -> Iterator[str]:
    source = _join(cell.get("source", cell.get("input", "")))
    match cell["cell_type"]:
        case "markdown":
            yield source
        case "heading":
            yield f"{'#' * int(cell.get('level', 1))} {source}"
        case "code" if source.strip():
            yield _fence(source, language)
            for output in cell.get("outputs", []):
                text = _read_output(output)
                if text and len(text) <= _OUTPUT_CHARACTERS:
                    yield _fence(text, "")


def _read_output(output: dict[str, Any]) -> str:
    shown = output.get("data", {}).get("text/plain", "") or output.get("text", "")
    return _ESCAPES.sub("", _join(shown)).strip()


def _join(lines: object) -> str:
    return "".join(lines) if isinstance(lines, list) else str(lines)


def _fence(text: str, language: str) -> str:
    """A code block whose fence is longer than any inside."""
    longest = max((len(ticks) for ticks in _TICKS.findall(text)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"
