"""Jupyter notebooks."""

import json

import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.model import ParsedDocument
from retrieval.parsing.notebook import parse_notebook


def show(document: ParsedDocument) -> list[tuple[str, str]]:
    return [
        (block.kind.value, document.text[block.span.start : block.span.end])
        for block in document.blocks
    ]


def cell(kind: str, source: str | list[str], **more: object) -> dict[str, object]:
    return {"cell_type": kind, "source": source, "metadata": {}, **more}


def parse(cells: list[dict[str, object]], **more: object) -> ParsedDocument:
    notebook = {"nbformat": 4, "metadata": {}, "cells": cells, **more}
    return parse_notebook(json.dumps(notebook).encode(), "first_steps.ipynb")


def test_text_and_code_are_kept_and_long_output_is_not() -> None:
    outputs = [
        {"output_type": "execute_result", "data": {"text/plain": ["42"], "image/png": "iVBO"}},
        {"output_type": "stream", "text": "x" * 1000},
        {"output_type": "error", "traceback": ["\x1b[31mNameError\x1b[0m"]},
        {"output_type": "stream", "text": ["\x1b[32mdone\x1b[0m\n"]},
    ]
    document = parse(
        [
            cell("markdown", ["# Deep thought\n", "\n", "It thinks."]),
            cell("code", ["answer = 6 * 7\n", "answer"], outputs=outputs),
            cell("markdown", "## Next\n\n- more"),
            cell("code", "", outputs=[]),
            cell("raw", "ignored"),
        ]
    )
    assert document.title == "Deep thought"
    assert show(document) == [
        ("heading", "Deep thought"),
        ("paragraph", "It thinks."),
        ("code", "answer = 6 * 7\nanswer"),
        ("code", "42"),
        ("code", "done"),
        ("heading", "Next"),
        ("list", "- more"),
    ]


def test_code_that_holds_fences_stays_whole() -> None:
    source = 'text = """\n```\n# no heading\n````\n"""'
    document = parse([cell("code", source, outputs=[])])
    assert show(document) == [("code", source)]
    assert document.title == "First steps"


def test_the_third_version_is_read() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Old"]},
        {"cell_type": "code", "input": ["print 1"], "outputs": [{"text": ["1"]}]},
    ]
    content = json.dumps({"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]})
    assert show(parse_notebook(content.encode(), "x.ipynb")) == [
        ("heading", "Old"), ("code", "print 1"), ("code", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "broken"),
        (b"[]", "broken"),
        (b'{"cells": 3}', "broken"),
        (b'{"cells": [{"source": "x"}]}', "broken"),
        (b'{"cells": []}', "no text"),
    ],
)
def test_what_is_no_notebook_says_why(content: bytes, words: str) -> None:
    with pytest.raises(DocumentUnreadable, match=words):
        parse_notebook(content, "x.ipynb")
