"""What threads for questions are called."""

from hypothesis import given
from hypothesis import strategies as st

from bot.platforms.discord_events import THREAD_CHARACTERS, name_thread


def test_a_short_question_is_the_name() -> None:
    assert name_thread("How do I book\n a holiday?") == "How do I book a holiday?"


def test_a_long_question_is_cut_between_words() -> None:
    name = name_thread("How do I book a holiday, " * 10)
    assert name.startswith("How do I book a holiday, How")
    assert name.endswith("…")
    assert name.removesuffix("…").split()[-1] in {"How", "do", "I", "book", "a", "holiday"}


@given(st.text(min_size=1).filter(str.strip))
def test_every_name_can_be_given(question: str) -> None:
    name = name_thread(question)
    assert 1 <= len(name) <= THREAD_CHARACTERS
    assert name == name.strip()
