"""Loads the named blocks of the .sql files beside this module."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import LiteralString

from psycopg import sql

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def load_queries(file: str = "queries.sql") -> Mapping[str, str]:
    """The text of every query of a file, by name. A name that comes twice is an error."""
    text = files("retrieval.postgres").joinpath(file).read_text(encoding="utf-8")
    parts = _NAME.split(text)
    names, bodies = parts[1::2], parts[2::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{file} names a query twice")
    return MappingProxyType(
        {name: body.strip().rstrip(";") for name, body in zip(names, bodies, strict=True)}
    )


@lru_cache(maxsize=256)
def compose(name: str, **literals: int) -> sql.Composed:
    """A query with its integer literals in place; bound parameters stay."""
    text: LiteralString = load_queries()[name]
    return sql.SQL(text).format(**{key: sql.Literal(value) for key, value in literals.items()})


@lru_cache(maxsize=256)
def render(name: str, **literals: int) -> bytes:
    """The same as text, which a query that runs at every search need not compose again."""
    return compose(name, **literals).as_bytes()
