"""Reads judged data sets in the BEIR layout: corpus.jsonl, queries.jsonl, qrels.tsv."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

Item = TypeVar("Item")


class UnusableDataSet(Exception):
    """The data set cannot be read. The text says how to mend it."""


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """A document to be found."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    """A query with the grades of the documents that were judged for it."""

    id: str
    text: str
    judged: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DataSet:
    """A corpus with its judged queries; `queries` are those with a relevant document."""

    name: str
    documents: tuple[CorpusDocument, ...]
    queries: tuple[JudgedQuery, ...]

    def thin_out(self, most: int | None) -> "DataSet":
        """At most so many queries, evenly spread over the set, whose parts may differ."""
        if most is None or len(self.queries) <= most:
            return self
        return replace(self, queries=_spread(self.queries, most))

    def thin_corpus(self, most: int | None) -> "DataSet":
        """At most so many documents: those that are judged for its queries, and as many of the
        others as there is room for, evenly spread."""
        if most is None or len(self.documents) <= most:
            return self
        judged = {name for query in self.queries for name in query.judged}
        others = [one for one in self.documents if one.id not in judged]
        room = max(0, most - len(self.documents) + len(others))
        kept = judged | {one.id for one in _spread(others, room)}
        return replace(self, documents=tuple(one for one in self.documents if one.id in kept))


def _spread(items: Sequence[Item], count: int) -> tuple[Item, ...]:
    """So many of the items, evenly spread, in their order."""
    return tuple(items[place * len(items) // count] for place in range(count))


def load_data_set(directory: Path) -> DataSet:
    """Read a data set. Raises UnusableDataSet."""
    if not directory.is_dir():
        raise UnusableDataSet(f"{directory} is not a folder.")
    documents = tuple(
        CorpusDocument(
            _text(line, "id", "_id"), _text(line, "title", default=""), _text(line, "text")
        )
        for line in _read_lines(directory / "corpus.jsonl")
    )
    grades = _read_judgements(directory / "qrels.tsv")
    queries = tuple(
        JudgedQuery(name, _text(line, "text"), grades[name])
        for line in _read_lines(directory / "queries.jsonl")
        if (name := _text(line, "id", "_id")) in grades
        and any(grade > 0 for grade in grades[name].values())
    )
    if not documents or not queries:
        raise UnusableDataSet(
            f"{directory} has no documents or no judged queries; corpus.jsonl, queries.jsonl and "
            "qrels.tsv must name the same ids."
        )
    return DataSet(directory.resolve().name, documents, queries)


def _read_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise UnusableDataSet(f"{path}, line {number}, is not JSON: {error}.") from error
        if not isinstance(value, dict):
            raise UnusableDataSet(f"{path}, line {number}, is not a JSON object.")
        yield value


def _read_judgements(path: Path) -> dict[str, dict[str, int]]:
    grades: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_read_text(path).splitlines(), start=1):
        fields = line.split("\t")
        if not line.strip() or (number == 1 and not fields[-1].strip().lstrip("-").isdigit()):
            continue
        if len(fields) == 4:
            fields = [fields[0], *fields[2:]]
        if len(fields) != 3 or not fields[2].strip().lstrip("-").isdigit():
            raise UnusableDataSet(
                f"{path}, line {number}: expected query, document and grade, separated by tabs."
            )
        grades.setdefault(fields[0], {})[fields[1]] = int(fields[2])
    return grades


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UnusableDataSet(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UnusableDataSet(f"{path} is not UTF-8.") from error


def _text(line: Mapping[str, Any], *names: str, default: str | None = None) -> str:
    for name in names:
        value = line.get(name)
        if value is not None:
            return str(value)
    if default is None:
        raise UnusableDataSet(f"A line of the data set lacks {names[0]!r}.")
    return default
