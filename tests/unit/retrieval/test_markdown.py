import pytest

from retrieval.errors import DocumentUnreadable
from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.markdown import parse_markdown


def parse(text: str, name: str = "set-up_guide.md") -> ParsedDocument:
    return parse_markdown(text.encode(), name)


def blocks(document: ParsedDocument) -> list[tuple[str, str]]:
    return [
        (block.kind.value, document.text[block.span.start : block.span.end])
        for block in document.blocks
    ]


def test_syntax_is_gone_and_what_people_read_stays() -> None:
    document = parse(
        "# Set *up*\n\nInstall **it** with `pip install x`\nand read [the docs](https://x.y).  \n"
        "Then<br>go ~~away~~ <https://z.y>.[^1]\n"
    )
    assert document.text == (
        "Set up\n\nInstall it with `pip install x` and read the docs.\nThen\ngo away https://z.y."
    )


def test_lists_code_tables_and_quotes_keep_their_shape() -> None:
    document = parse(
        "1. One\n   ```sh\n   make demo\n   ```\n2. Two\n   - nested\n   - [x] ticked\n\n"
        "```python\ndef f():\n    return 1\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | `2` |\n\n"
        "> [!WARNING]\n> Be careful.\n"
    )
    assert blocks(document) == [
        ("list", "1. One\n  make demo\n2. Two\n  - nested\n  - ☑ ticked"),
        ("code", "def f():\n    return 1"),
        ("table", "a | b\n1 | `2`"),
        ("paragraph", "Warning: Be careful."),
    ]


def test_headings_have_the_anchors_that_github_gives_them() -> None:
    document = parse(
        "# What's new in 2.0?\n## `run` & go_on\n## Set up\n## Set up\n## Own {#my-id}\n"
        "## Über uns\n\nText"
    )
    headings = [block for block in document.blocks if block.kind is BlockKind.HEADING]
    assert [(block.level, block.anchor) for block in headings] == [
        (1, "whats-new-in-20"),
        (2, "run--go_on"),
        (2, "set-up"),
        (2, "set-up-1"),
        (2, "my-id"),
        (2, "über-uns"),
    ]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 'From the front'\n---\n# Heading\n", "From the front"),
        ('+++\ntitle = "From TOML"\n+++\nText', "From TOML"),
        ("---\ntags: [a]\n---\n# Heading\n", "Heading"),
        ("Text\n\n# Later heading", "Set up guide"),
        ("---\n\nA rule, and no front matter.\n\n---\n", "Set up guide"),
    ],
)
def test_the_title_comes_from_the_front_matter_the_first_heading_or_the_name(
    text: str, title: str
) -> None:
    assert parse(text).title == title


def test_front_matter_is_not_text_but_a_rule_is_not_front_matter() -> None:
    assert parse("---\nlayout: page\n---\nText").text == "Text"
    assert parse("---\n\nA paragraph.\n\n---\n").text == "A paragraph."


def test_badges_comments_and_scripts_are_left_out_and_html_is_read() -> None:
    document = parse(
        "[![build](https://b)](https://c) ![cover](d)\n\n<!-- hidden -->\n\n"
        "<details><summary>More</summary>\n<b>Inner</b> text\n</details>\n\n<script>x()</script>\n"
    )
    assert document.text == "More\nInner text"


def test_a_file_without_text_is_refused() -> None:
    with pytest.raises(DocumentUnreadable, match="no text"):
        parse("<!-- only a comment -->")


def test_spans_of_blocks_cover_all_text() -> None:
    document = parse("# A\n\nB\n\n- c\n\n```\nd\n```\n")
    position = 0
    for block in document.blocks:
        assert not document.text[position : block.span.start].strip()
        position = block.span.end
    assert position == len(document.text)
