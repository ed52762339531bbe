"""What services hold, as Markdown: the pure side of their connectors."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.model import BlockKind, ParsedDocument
from retrieval.parsing.markdown import parse_markdown
from retrieval.parsing.web_page import parse_web_page
from retrieval.sources.confluence import write_page
from retrieval.sources.conversations import (
    LONGEST,
    PAUSE,
    Message,
    find_version,
    split_conversations,
    write_conversation,
)
from retrieval.sources.discord_rights import may_read
from retrieval.sources.github import write_discussion, write_issue
from retrieval.sources.google_drive import prepare_document
from retrieval.sources.markdown import escape_text, flatten_markdown, nest_markdown, write_heading
from retrieval.sources.notion import find_id
from retrieval.sources.notion_blocks import BlockTree
from retrieval.sources.notion_blocks import write_page as write_notion_page
from retrieval.sources.slack_text import write_text

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def blocks(document: ParsedDocument) -> list[tuple[str, str | None]]:
    """Text and anchor of each block."""
    return [
        (document.text[block.span.start : block.span.end], block.anchor)
        for block in document.blocks
    ]


# Markdown


@given(st.text(st.characters(categories=["L", "N", "P", "S"], max_codepoint=0x2FF), min_size=2))
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    document = parse_markdown(f"Words {escape_text(text)}".encode(), "x")
    assert document.text == f"Words {text}"


def test_headings_of_a_comment_go_below_its_own_and_lead_to_it() -> None:
    text = "# Big\n\nWords\n\n```sh\n# no heading\n```\n\nSetext\n======\nmore"
    document = parse_markdown(nest_markdown(text, below=2, anchor="c1").encode(), "x")
    assert [(block.level, block.anchor) for block in document.blocks if block.level] == [
        (3, "c1"),
        (3, "c1"),
    ]
    assert "# no heading" in document.text


def test_flattened_headings_are_paragraphs() -> None:
    document = parse_markdown(flatten_markdown("# Big\nWords").encode(), "x")
    assert {block.kind for block in document.blocks} == {BlockKind.PARAGRAPH}


def test_a_heading_keeps_marks_in_its_words() -> None:
    document = parse_markdown(write_heading(1, "Use *args in `f` {now}", "a-1").encode(), "x")
    assert blocks(document) == [("Use *args in `f` {now}", "a-1")]


# GitHub


def issue(**more: Any) -> dict[str, Any]:
    return {
        "id": 9,
        "number": 7,
        "title": "Crash",
        "state": "closed",
        "labels": [{"name": "bug"}],
        "user": {"login": "ada"},
        "created_at": "2026-03-02T09:00:00Z",
        "body": "It crashes.",
        **more,
    }


def test_an_issue_leads_to_itself_and_to_each_comment() -> None:
    comments = [
        {"id": 1, "user": None, "created_at": "2026-03-03T09:00:00Z", "body": "# Why\n\nSo."},
        {"id": 2, "user": {"login": "ben"}, "created_at": "2026-03-04T09:00:00Z", "body": ""},
    ]
    document = parse_markdown(write_issue(issue(), comments), "x")
    assert document.title == "Crash"
    assert blocks(document) == [
        ("Crash", "issue-9"),
        ("Issue 7, closed, labelled bug, opened by ada, 2026-03-02.", None),
        ("It crashes.", None),
        ("ghost, 2026-03-03", "issuecomment-1"),
        ("Why", "issuecomment-1"),
        ("So.", None),
    ]


def test_an_issue_without_text_still_says_what_it_is() -> None:
    document = parse_markdown(write_issue(issue(body=None, labels=[]), []), "x")
    assert "Issue 7, closed, opened by ada" in document.text


def test_the_answer_of_a_discussion_is_marked() -> None:
    post = {"createdAt": "2026-03-02T09:00:00Z", "author": {"login": "ben"}}
    reply = {**post, "databaseId": 6, "body": "Thanks."}
    comment = {
        **post, "databaseId": 5, "body": "So.", "isAnswer": True, "replies": {"nodes": [reply]},
    }  # fmt: skip
    discussion = {**post, "databaseId": 4, "title": "How?", "body": "", "category": {"name": "Q&A"}}
    document = parse_markdown(write_discussion(discussion, [comment]), "x")
    assert ("Answer by ben, 2026-03-02", "discussioncomment-5") in blocks(document)
    assert ("ben, 2026-03-02", "discussioncomment-6") in blocks(document)


# Confluence and Google documents


def test_headings_of_confluence_lead_to_where_people_read_them() -> None:
    body = (
        '<h2 id="Deployrun-Firststeps" class="x">First <b>steps</b> &amp; more</h2>'
        "<pre>run --all</pre><h2>Notes</h2><p>One.</p><h3>Notes</h3><p>Two.</p>"
    )
    page = {"title": "Deploy & run", "body": {"view": {"value": body}}}
    document = parse_web_page(write_page(page), "x")
    assert document.title == "Deploy & run"
    assert blocks(document) == [
        ("Deploy & run", None),
        ("First steps & more", "First-steps-%26-more"),
        ("run --all", None),
        ("Notes", "Notes"),
        ("One.", None),
        ("Notes", "Notes.1"),
        ("Two.", None),
    ]


def test_headings_of_a_google_document_can_be_linked_to() -> None:
    page = (
        '<html><head><meta charset="utf-8"></head><body class="c1"><p>Words.</p>'
        '<h1 class="c2" id="h.gjdgxs"><span>Steps</span></h1></body></html>'
    )
    document = parse_web_page(prepare_document(page, "Plan <1>"), "x")
    assert document.title == "Plan <1>"
    assert blocks(document)[-1] == ("Steps", "heading=h.gjdgxs")


# Notion


def run(text: str, *, code: bool = False) -> dict[str, Any]:
    return {"plain_text": text, "annotations": {"code": code}}


def block(kind: str, *children: BlockTree, **content: Any) -> BlockTree:
    content.setdefault("rich_text", [])
    return BlockTree({"id": "ab-cd", "type": kind, kind: content}, children)


def say(kind: str, text: str, *children: BlockTree, **content: Any) -> BlockTree:
    return block(kind, *children, rich_text=[run(text)], **content)


def notion_page(*trees: BlockTree, **properties: Any) -> ParsedDocument:
    title = {"type": "title", "title": [run("Guide")]}
    page = {"id": "12-34", "properties": {"Name": title, **properties}}
    return parse_markdown(write_notion_page(page, trees).encode(), "x")


def test_blocks_keep_their_structure() -> None:
    document = notion_page(
        say("heading_1", "Steps"),
        say("bulleted_list_item", "one", say("bulleted_list_item", "inner")),
        say("bulleted_list_item", "two"),
        say("numbered_list_item", "first"),
        say("numbered_list_item", "second", say("paragraph", "more")),
        say("to_do", "done", checked=True),
        say("code", "a = ```1```\n# b", language="plain text"),
        block("table", say_row("k", "v"), say_row("1", "2|3")),
        block("column_list", block("column", say("paragraph", "In a column."))),
        say("callout", "Mind this."),
        block("bookmark", url="https://x.example/a", caption=[run("A page")]),
        block("child_page", title="Elsewhere"),
        block("unsupported"),
    )
    assert blocks(document) == [
        ("Guide", "1234"),
        ("Steps", "abcd"),
        ("- one\n  - inner\n- two", None),
        ("1. first\n2. second\n  more", None),
        ("- ☑ done", None),
        ("a = ```1```\n# b", None),
        ("k | v\n1 | 2|3", None),
        ("In a column.", None),
        ("Mind this.", None),
        ("https://x.example/a", None),
        ("A page", None),
    ]


def say_row(*cells: str) -> BlockTree:
    return block("table_row", cells=[[run(cell)] for cell in cells])


def test_text_is_taken_literally_and_code_as_code() -> None:
    runs = [run("Not *bold*, but "), run("x_y", code=True), run(" here.")]
    document = notion_page(block("paragraph", rich_text=runs))
    assert blocks(document)[-1][0] == "Not *bold*, but `x_y` here."


def test_properties_of_a_row_are_facts() -> None:
    document = notion_page(
        Status={"type": "status", "status": {"name": "Done"}},
        Owner={"type": "people", "people": [{"name": "Ada"}, {"id": "hidden"}]},
        When={"type": "date", "date": {"start": "2026-01-01", "end": "2026-01-05"}},
        Key={"type": "unique_id", "unique_id": {"prefix": "OPS", "number": 7}},
        Sum={"type": "formula", "formula": {"type": "number", "number": 1.5}},
        Ready={"type": "checkbox", "checkbox": False},
        Empty={"type": "select", "select": None},
        Other={"type": "relation", "relation": [{"id": "x"}]},
    )
    assert blocks(document)[-1][0].split("\n") == [
        "- Status: Done",
        "- Owner: Ada",
        "- When: 2026-01-01 to 2026-01-05",
        "- Key: OPS-7",
        "- Sum: 1.5",
        "- Ready: no",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "https://www.notion.so/acme/Handbook-1f0e000000004000800000000000000a?pvs=4",
        "1f0e0000-0000-4000-8000-00000000000A",
        " https://acme.notion.site/1f0e000000004000800000000000000a#b ",
    ],
)
def test_a_page_is_known_by_its_address(address: str) -> None:
    assert find_id(address) == "1f0e0000-0000-4000-8000-00000000000a"


def test_what_is_no_page_has_no_id() -> None:
    assert find_id("https://www.notion.so/acme/Handbook") is None


# Slack


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ask <@U0ADA> or <@U9>", "ask @Ada or @U9"),
        ("in <#C1|help>, <!here>, <!subteam^S1|@oncall>", "in #help, @here, @oncall"),
        ("see <https://x.example/a?b=1&amp;c|the page>", "see the page"),
        ("see <https://x.example/a_b>", "see https://x.example/a_b"),
        ("1 &lt; 2 &amp; `a &gt; b`", "1 < 2 & `a > b`"),
        ("*bold* snake_case [x](y)", "bold snake_case [x](y)"),
        ("# no heading\nnext line", "# no heading\nnext line"),
    ],
)
def test_slacks_text_reads_as_in_slack(text: str, shown: str) -> None:
    document = parse_markdown(write_text(text, {"U0ADA": "Ada"}).encode(), "x")
    assert document.text == shown


def test_slacks_code_and_bullets_are_blocks() -> None:
    text = "Do ```x = 1\n# &lt;y&gt;``` then\n• one\n• two"
    document = parse_markdown(write_text(text, {}).encode(), "x")
    assert [(b.kind, document.text[b.span.start : b.span.end]) for b in document.blocks] == [
        (BlockKind.PARAGRAPH, "Do"),
        (BlockKind.CODE, "x = 1\n# <y>"),
        (BlockKind.PARAGRAPH, "then"),
        (BlockKind.LIST, "- one\n- two"),
    ]


# Conversations


def message(number: int, minutes: float, text: str = "Words.") -> Message:
    return Message(str(number), "Ada", NOON + timedelta(minutes=minutes), text)


def test_a_pause_begins_a_new_conversation() -> None:
    found = list(split_conversations([message(1, 0), message(2, 29), message(3, 60)]))
    assert [[item.id for item in group] for group in found] == [["1", "2"], ["3"]]


@given(st.lists(st.integers(0, 90), max_size=40))
def test_conversations_hold_every_message_and_end_in_time(gaps: list[int]) -> None:
    messages, minutes = [], 0
    for number, gap in enumerate(gaps):
        minutes += gap
        messages.append(message(number, minutes))
    found = list(split_conversations(messages))
    assert [item for group in found for item in group] == messages
    for group in found:
        assert group[-1].moment - group[0].moment <= LONGEST
        for one, two in pairwise(group):
            assert two.moment - one.moment <= PAUSE
    # read from the first message of any of them on, the same conversation is found
    start = 0
    for group in found:
        assert next(split_conversations(messages[start:])) == group
        start += len(group)


def test_an_edit_makes_a_new_version() -> None:
    one, two = message(1, 0), message(2, 1)
    edited = Message(two.id, two.author, two.moment, "Other.", edited="5")
    assert find_version([one, two]) != find_version([one, edited])
    assert find_version([one, two]) != find_version([one])


def test_a_conversation_is_named_after_its_first_words() -> None:
    text = (
        "**How** long is [the trial](https://x.example), and who may extend it, and what then? " * 2
    )
    document = parse_markdown(write_conversation("#help", [message(1, 0, text)]), "x")
    assert document.title == (
        "How long is the trial, and who may extend it, and what then? How long is the … (#help)"
    )
    # a message has no fragments that a link could lead to
    assert {block.anchor for block in document.blocks} == {None}


# Discord


VIEW, HISTORY, ADMINISTRATOR = 1 << 10, 1 << 16, 1 << 3


def role(number: str, permissions: int) -> dict[str, Any]:
    return {"id": number, "permissions": str(permissions)}


@pytest.mark.parametrize(
    ("everyone", "overwrites", "held", "allowed"),
    [
        (VIEW | HISTORY, {}, [], True),
        (VIEW, {}, [], False),
        (VIEW | HISTORY, {"g": (0, VIEW)}, [], False),
        (VIEW | HISTORY, {"g": (0, VIEW), "r": (VIEW, 0)}, ["r"], True),
        (VIEW | HISTORY, {"g": (0, VIEW), "r": (VIEW, 0)}, [], False),
        (VIEW | HISTORY, {"r": (VIEW, 0), "s": (0, VIEW)}, ["r", "s"], True),
        (VIEW | HISTORY, {"r": (VIEW, 0), "m": (0, VIEW)}, ["r"], False),
        (0, {"g": (VIEW | HISTORY, 0)}, [], True),
        (0, {"g": (0, VIEW)}, ["admin"], True),
    ],
)
def test_who_may_read_a_channel(
    everyone: int, overwrites: dict[str, tuple[int, int]], held: list[str], allowed: bool
) -> None:
    channel = {
        "guild_id": "g",
        "permission_overwrites": [
            {"id": name, "allow": str(allow), "deny": str(deny)}
            for name, (allow, deny) in overwrites.items()
        ],
    }
    roles = {
        "g": role("g", everyone), "r": role("r", 0), "s": role("s", 0),
        "admin": role("admin", ADMINISTRATOR),
    }  # fmt: skip
    assert may_read(channel, roles, held, "m") is allowed
