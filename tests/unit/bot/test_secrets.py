"""What is sealed stays sealed."""

import stat
from pathlib import Path

import pytest

from bot.errors import SettingsInvalid
from bot.secrets import KEY_FILE, SecretBox, make_key, open_box

CANARY = "ghp_canary"


def test_what_is_sealed_opens_and_never_looks_the_same_twice() -> None:
    box = SecretBox([make_key()])
    sealed = box.seal_all({"token": CANARY})
    assert CANARY not in sealed["token"]
    assert box.seal(CANARY) != box.seal(CANARY)
    assert box.open_all(sealed) == {"token": CANARY}
    assert CANARY not in repr(box)


def test_a_new_key_goes_in_front_and_the_old_one_leaves_when_all_is_sealed_anew() -> None:
    old, new = make_key(), make_key()
    sealed = SecretBox([old]).seal(CANARY)
    both = SecretBox([new, old])
    assert both.open(sealed) == CANARY
    assert SecretBox([new]).open(both.seal(both.open(sealed))) == CANARY
    with pytest.raises(SettingsInvalid, match="FOOTNOTE_SECRET_KEYS"):
        SecretBox([new]).open(sealed)


def test_what_is_no_key_is_told_without_showing_it() -> None:
    with pytest.raises(SettingsInvalid, match="new-key") as caught:
        SecretBox(["hunter2"])
    assert "hunter2" not in str(caught.value)


def test_without_a_setting_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    sealed = open_box([], directory).seal(CANARY)
    assert open_box([], directory).open(sealed) == CANARY
    assert stat.S_IMODE((directory / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in directory.iterdir()] == [KEY_FILE]


def test_a_key_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(SettingsInvalid, match="FOOTNOTE_SECRET_KEYS"):
        open_box([], tmp_path / "data")
