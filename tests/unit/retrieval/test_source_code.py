"""Source code in many languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.model import ParsedDocument
from retrieval.parsing.source_code import parse_source_code

PYTHON = '''"""Reads pages."""

import os

LIMIT = 10


# opens things
@dataclass
class Reader:
    """Reads."""

    async def read(self, url: str) -> str:
        if url:
            return fetch(url)
        return ""


def main() -> None:
    Reader().read("x")
'''


def headings(document: ParsedDocument) -> list[tuple[int, str, str | None]]:
    return [
        (block.level, document.text[block.span.start : block.span.end], block.anchor)
        for block in document.blocks
        if block.level
    ]


def test_definitions_become_sections_with_their_lines() -> None:
    document = parse_source_code(PYTHON.encode(), "src/reader.py")
    assert document.title == "reader.py"
    assert headings(document) == [
        (1, "Reader", "L8-L12"),
        (2, "read", "L13-L18"),
        (1, "main", "L19-L21"),
    ]
    assert [block.anchor for block in document.blocks if not block.level] == [
        "L1-L5", "L8-L11", "L13-L16", "L19-L20",
    ]  # fmt: skip
    assert "# opens things\n@dataclass\nclass Reader:" in document.text


LANGUAGES = {
    "a.go": """
package a

func (s *Server) Serve(port int) error {
}

type Server struct {
}
""",
    "a.rs": """
pub struct Point<T> {
}
impl<T> Point<T> {
    pub fn new() -> Self {
    }
}
""",
    "a.ts": """
export class A {
}
export const run = async (x: number) => {
};
export default function go() {
}
interface Shape {
}
""",
    "A.java": """
public class A {
    // adds
    public static int add(int a, int b) {
        return a + b;
    }
    if (x) {
    }
}
""",
    "a.c": """
#include <x.h>

static int *parse_line(const char *line)
{
    while (x) {
    }
    return call(x);
}
""",
    "a.rb": """
module Shop
  class Cart
    def total?
    end
  end
end
""",
    "a.sh": """
#!/bin/sh
build() {
  make
}
function deploy {
}
""",
    "a.sql": """
CREATE TABLE users (
  id int
);
create or replace function f() returns int
""",
    "a.tf": """
resource "aws_instance" "web" {
}
""",
    "a.proto": """
message Ask {
}
service Desk {
  rpc Answer(Ask) returns (Ask);
}
""",
}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("a.go", "Serve Server"),
        ("a.rs", "Point Point new"),
        ("a.ts", "A run go Shape"),
        ("A.java", "A add"),
        ("a.c", "parse_line"),
        ("a.rb", "Shop Cart total?"),
        ("a.sh", "build deploy"),
        ("a.sql", "users f"),
        ("a.tf", "aws_instance.web"),
        ("a.proto", "Ask Desk Answer"),
    ],
)
def test_many_languages(name: str, found: str) -> None:
    document = parse_source_code(LANGUAGES[name].encode(), name)
    assert [text for _, text, _ in headings(document)] == found.split()


def test_code_without_definitions_is_code() -> None:
    document = parse_source_code(b"x = 1\nprint(x)\n", "x.py")
    assert [(block.kind, block.anchor) for block in document.blocks] == [("code", "L1-L2")]


def test_long_functions_are_cut_at_blank_lines() -> None:
    body = "\n\n".join(f"    step_{n} = call({n})\n    check(step_{n})" for n in range(80))
    document = parse_source_code(f"def long():\n{body}\n".encode(), "x.py")
    blocks = [block for block in document.blocks if not block.level]
    assert len(blocks) > 3
    for block in blocks[1:]:
        assert document.text[block.span.start :].startswith("    step_")


@given(st.lists(st.sampled_from([*PYTHON.split("\n"), "", "x" * 950]), max_size=60))
def test_no_line_is_lost(lines: list[str]) -> None:
    if not any(line.strip() for line in lines):
        return
    document = parse_source_code("\n".join(lines).encode(), "x.py")
    code = [
        line
        for block in document.blocks
        if not block.level
        for line in document.text[block.span.start : block.span.end].split("\n")
    ]
    wanted = [line.strip() for line in lines if line.strip()]
    assert [line.strip() for line in code if line.strip()] == wanted
