"""The formats that Footnote reads, by media type."""

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument

ParseContent = Callable[[bytes, str], ParsedDocument]

_OFFICE = "application/vnd.openxmlformats-officedocument"

PARSERS: Mapping[str, str] = MappingProxyType(
    {
        "text/markdown": "markdown.parse_markdown",
        "text/plain": "plain_text.parse_plain_file",
        "text/html": "web_page.parse_web_page",
        "application/pdf": "pdf.parse_pdf",
        f"{_OFFICE}.wordprocessingml.document": "word.parse_word",
        f"{_OFFICE}.presentationml.presentation": "presentation.parse_presentation",
        f"{_OFFICE}.spreadsheetml.sheet": "spreadsheet.parse_workbook",
        "text/csv": "spreadsheet.parse_separated_values",
        "text/tab-separated-values": "spreadsheet.parse_separated_values",
        "application/x-ipynb+json": "notebook.parse_notebook",
        "text/x-source-code": "source_code.parse_source_code",
    }
)
"""Where the parser of each media type is, below this package. It is imported when it is first
needed: a process that reads Markdown does not wait for the libraries of all other formats."""


def parse_content(content: bytes, media_type: str, name: str) -> ParsedDocument:
    """Parse `content`; `name` is the file's. Raises DocumentUnreadable."""
    place = PARSERS.get(media_type)
    if place is None:
        raise DocumentUnreadable(f"Files of type {media_type} are not read.")
    if not content.strip():
        raise DocumentUnreadable("The file is empty.")
    return find_parser(place)(content, name)


def find_parser(place: str) -> ParseContent:
    """The parser at a place such as `pdf.parse_pdf`."""
    module, _, function = place.partition(".")
    parse: ParseContent = getattr(import_module(f"retrieval.parsing.{module}"), function)
    return parse
