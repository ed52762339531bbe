"""What a source may be called."""

import pytest

from bot.admin.names import check_name
from retrieval.errors import InvalidSource


@pytest.mark.parametrize("name", ["handbook", "hr-2024", "7", "a" * 60])
def test_a_name_of_letters_digits_and_dashes(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "Handbook", "two words", "-x", "x-", "a--b", "a_b", "ümlaut", "a" * 61, "a\n"]
)
def test_another_name_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(InvalidSource, match="team-handbook"):
        check_name(name)


@pytest.mark.parametrize("name", ["all", "status"])
def test_a_name_that_commands_use_is_refused(name: str) -> None:
    with pytest.raises(InvalidSource, match=name):
        check_name(name)
