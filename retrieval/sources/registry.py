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

    `check` returns the settings as they should be stored, or raises InvalidSource. Both it and
    `connect` are given the settings whole; those that `secrets` names are stored apart and sealed.
    """

    description: str
    check: Callable[[Mapping[str, object]], dict[str, object]]
    connect: Callable[[Mapping[str, object]], Connector]
    secrets: frozenset[str] = frozenset()


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


def split_secrets(
    kind: str, config: Mapping[str, object]
) -> tuple[dict[str, object], dict[str, str]]:
    """Checked settings in two parts: what may be read by anyone, and the secrets."""
    names = _find_kind(kind).secrets
    shown = {name: value for name, value in config.items() if name not in names}
    return shown, {name: str(config[name]) for name in names if config.get(name)}


def open_connector(source: Source, secrets: Mapping[str, str] | None = None) -> Connector:
    """The connector that reads `source`, given its secrets, opened. Raises InvalidSource."""
    return connect_kind(source.kind, {**source.config, **(secrets or {})})


def connect_kind(kind: str, config: Mapping[str, object]) -> Connector:
    """A connector with these settings, secrets included. Raises InvalidSource."""
    return _find_kind(kind).connect(config)


def _find_kind(kind: str) -> SourceKind:
    found = KINDS.get(kind)
    if found is None:
        raise InvalidSource(f"There is no kind of source {kind!r}; there is {', '.join(KINDS)}.")
    return found
