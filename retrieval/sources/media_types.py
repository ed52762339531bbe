"""What is read, by the ending of a file's name."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

_OFFICE = "application/vnd.openxmlformats-officedocument"
SOURCE_CODE = "text/x-source-code"

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
        ".docx": f"{_OFFICE}.wordprocessingml.document",
        ".pptx": f"{_OFFICE}.presentationml.presentation",
        ".xlsx": f"{_OFFICE}.spreadsheetml.sheet",
        ".csv": "text/csv",
        ".tsv": "text/tab-separated-values",
        ".ipynb": "application/x-ipynb+json",
        **{
            f".{ending}": SOURCE_CODE
            for ending in (
                "bash c cc cpp cs cxx dart ex exs go graphql groovy h hh hpp hs java jl js jsx kt"
                " kts lua m mjs mm php pl proto ps1 py pyi r rb rs scala sh sql swift tf ts tsx vue"
                " zsh"
            ).split()
        },
    }
)
"""Media types (RFC 6838) by ending, in lower case with its dot."""


_GENERATED = re.compile(r"[.-]min\.(js|mjs)$|_pb2(_grpc)?\.py$|\.pb\.go$|\.d\.ts$", re.IGNORECASE)


def guess_media_type(name: str) -> str | None:
    """The media type that a file's name speaks for, None if it is not one that is read.

    Code that programs wrote is not.
    """
    if _GENERATED.search(name):
        return None
    return MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())
