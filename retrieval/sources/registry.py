"""The kinds of source that there are, by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from retrieval.errors import InvalidSource
from retrieval.model import Source
from retrieval.ports import Connector
from retrieval.sources.files import FilesConnector, read_files_settings


@dataclass(frozen=True, slots=True)
class SourceKind:
    """One kind of source: what it is, in words, and how to check and open one.

    `check` returns the settings as they should be stored, or raises InvalidSource.
    """

    description: str
    check: Callable[[Mapping[str, object]], dict[str, object]]
    connect: Callable[[Mapping[str, object]], Connector]


def _check_files(config: Mapping[str, object]) -> dict[str, object]:
    settings = read_files_settings(config)
    if not settings.path.exists():
        raise InvalidSource(f"{settings.path} does not exist. Give the path of a folder or a file.")
    stored: dict[str, object] = {"path": str(settings.path)}
    if settings.include:
        stored["include"] = list(settings.include)
    if settings.exclude:
        stored["exclude"] = list(settings.exclude)
    if settings.url_base:
        stored["url_base"] = settings.url_base
    return stored


KINDS: Mapping[str, SourceKind] = MappingProxyType(
    {
        "files": SourceKind(
            description="a folder or a file: Markdown, text, HTML, PDF, Word",
            check=_check_files,
            connect=lambda config: FilesConnector(read_files_settings(config)),
        ),
    }
)


def check_config(kind: str, config: Mapping[str, object]) -> dict[str, object]:
    """The settings of a new source, checked and made complete. Raises InvalidSource."""
    return _find_kind(kind).check(config)


def open_connector(source: Source) -> Connector:
    """The connector that reads `source`. Raises InvalidSource."""
    return _find_kind(source.kind).connect(source.config)


def _find_kind(kind: str) -> SourceKind:
    found = KINDS.get(kind)
    if found is None:
        raise InvalidSource(f"There is no kind of source {kind!r}; there is {', '.join(KINDS)}.")
    return found
