"""The formats that Footnote reads, by ending and by media type."""

from collections.abc import Callable

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument
from retrieval.parsing.markdown import parse_markdown
from retrieval.parsing.notebook import parse_notebook
from retrieval.parsing.pdf import parse_pdf
from retrieval.parsing.plain_text import parse_plain_file
from retrieval.parsing.presentation import parse_presentation
from retrieval.parsing.source_code import parse_source_code
from retrieval.parsing.spreadsheet import parse_separated_values, parse_workbook
from retrieval.parsing.web_page import parse_web_page
from retrieval.parsing.word import parse_word

ParseContent = Callable[[bytes, str], ParsedDocument]

PARSERS: dict[str, ParseContent] = {
    "text/markdown": parse_markdown,
    "text/plain": parse_plain_file,
    "text/html": parse_web_page,
    "application/pdf": parse_pdf,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": parse_word,
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": parse_presentation,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": parse_workbook,
    "text/csv": parse_separated_values,
    "text/tab-separated-values": parse_separated_values,
    "application/x-ipynb+json": parse_notebook,
    "text/x-source-code": parse_source_code,
}


def parse_content(content: bytes, media_type: str, name: str) -> ParsedDocument:
    """Parse `content`; `name` is the file's. Raises DocumentUnreadable."""
    parse = PARSERS.get(media_type)
    if parse is None:
        raise DocumentUnreadable(f"Files of type {media_type} are not read.")
    if not content.strip():
        raise DocumentUnreadable("The file is empty.")
    return parse(content, name)
