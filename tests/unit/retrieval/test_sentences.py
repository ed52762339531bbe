import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import split_sentences


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t\n", []),
        ("No full stop", ["No full stop"]),
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("Wait... Then go.", ["Wait...", "Then go."]),
        ("It waits... then goes.", ["It waits... then goes."]),
        ("Dr. Smith came. He sat.", ["Dr. Smith came.", "He sat."]),
        ("J. R. Smith wrote it. It is short.", ["J. R. Smith wrote it.", "It is short."]),
        ("The U.S. Army came. They left.", ["The U.S. Army came.", "They left."]),
        ("He lives in the U.S. He likes it.", ["He lives in the U.S.", "He likes it."]),
        ("See e.g. Fig. 2 or Sec. 3. Then stop.", ["See e.g. Fig. 2 or Sec. 3.", "Then stop."]),
        ("Version 1.2.3. Pi is 3.14. Done.", ["Version 1.2.3.", "Pi is 3.14.", "Done."]),
        ("Edit config.yaml. Use Node.js 20.", ["Edit config.yaml.", "Use Node.js 20."]),
        ("Set the flag. systemd restarts it.", ["Set the flag.", "systemd restarts it."]),
        ("Logs, metrics etc. are kept.", ["Logs, metrics etc. are kept."]),
        ("No. 5 is alive. No. That is all.", ["No. 5 is alive.", "No.", "That is all."]),
        ("“Why?” he asked. “So.” She left.", ["“Why?” he asked.", "“So.”", "She left."]),
        ("It takes 5 min. The rest is easy.", ["It takes 5 min.", "The rest is easy."]),
        ("(It works.) Go on.", ["(It works.)", "Go on."]),
        ("Set `a. B` first. Then go.", ["Set `a. B` first.", "Then go."]),
        ("Das gilt z. B. hier, d. h. heute. Gut.", ["Das gilt z. B. hier, d. h. heute.", "Gut."]),
        ("今日は。明日！「はい。」と言った。", ["今日は。", "明日！", "「はい。」", "と言った。"]),
        ("यह एक है। यह दो है।", ["यह एक है।", "यह दो है।"]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_list_markers_are_left_out_and_items_stand_alone() -> None:
    text = "- one thing\n* another. And more.\n1. Open it.\n10) Close it.\n- [x] ticked"
    assert sentences(text) == [
        "one thing", "another.", "And more.", "Open it.", "Close it.", "ticked",
    ]  # fmt: skip


def test_wrapped_lines_are_joined() -> None:
    text = (
        "The quick brown fox jumps over the lazy dog and then it\n"
        "goes home to sleep. In the morning it wakes and begins again with\n"
        "Footnote as its guide.\n\nA new paragraph"
    )
    assert sentences(text) == [
        "The quick brown fox jumps over the lazy dog and then it\ngoes home to sleep.",
        "In the morning it wakes and begins again with\nFootnote as its guide.",
        "A new paragraph",
    ]


def test_headings_code_lines_and_table_rows_are_not_joined() -> None:
    assert sentences("Set up\nrun the installer first") == ["Set up", "run the installer first"]
    code = "configuration = load_configuration_from(file_name)\nresult = run(configuration)"
    assert sentences(code) == code.split("\n")
    table = "name of the setting in the file | what it does | default\nport | where it listens | 80"
    assert sentences(table) == table.split("\n")


@given(st.text(alphabet=st.sampled_from(list("aB1.!?。…)\"'` \n-*|e_z")), max_size=200))
def test_spans_are_in_order_trimmed_and_leave_out_only_white_space_and_markers(text: str) -> None:
    spans = split_sentences(text)
    position = 0
    for span in spans:
        assert position <= span.start < span.end
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        assert set(text[position : span.start]) <= set(" \n\t>-*1.)aeBz")
        position = span.end
    assert set(text[position:]) <= set(" \n\t>-*1.)aeBz")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", [".", "?)", "`", "{ ", "。", "a. ", "- ", "`.` . A "])
def test_long_runs_are_split_in_linear_time(piece: str) -> None:
    split_sentences(piece * 50_000)
