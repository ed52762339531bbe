"""What is read, by the ending of a file's name."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        ".md": "text/markdown",
        ".markdown": "text/markdown",
        ".mdx": "text/markdown",
        ".txt": "text/plain",
        ".text": "text/plain",
        ".rst": "text/plain",
        ".html": "text/html",
        ".htm": "text/html",
        ".xhtml": "text/html",
        ".pdf": "application/pdf",
        ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
"""Media types (RFC 6838) by ending, in lower case with its dot."""


def guess_media_type(name: str) -> str | None:
    """The media type that a file's name speaks for, None if it is not one that is read."""
    return MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())
