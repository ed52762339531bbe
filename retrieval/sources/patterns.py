"""Patterns by which an admin chooses documents. Pure."""

from fnmatch import fnmatchcase
from pathlib import PurePosixPath


def is_wanted(path: str, include: tuple[str, ...], exclude: tuple[str, ...]) -> bool:
    """Whether a path matches `include`, if there is any, and does not match `exclude`.

    Patterns are globs over the path below the root; `*` also matches `/`, and a pattern without
    `/` is matched with the last name as well.
    """
    return (not include or _matches(path, include)) and not _matches(path, exclude)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(
        fnmatchcase(path, pattern.removeprefix("**/"))
        or fnmatchcase(path, pattern)
        or ("/" not in pattern and fnmatchcase(PurePosixPath(path).name, pattern))
        for pattern in patterns
    )
