"""What sources are called."""

import re

from retrieval.errors import InvalidSource

ALL = "all"
"""The name that stands for every source; none may bear it."""

LONGEST_NAME = 60
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_RESERVED = frozenset({ALL, "now", "status", "cancel", "history", "errors", "confirm"})
"""What `/sync` reads as something else than a source."""


def check_name(name: str) -> None:
    """Raise InvalidSource where a source cannot be called so."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise InvalidSource(
            f"{name!r} is no name for a source: use lower-case letters, digits and dashes, such as "
            f"'team-handbook', at most {LONGEST_NAME}."
        )
    if name in _RESERVED:
        raise InvalidSource(f"{name!r} is no name for a source: commands use the word.")
