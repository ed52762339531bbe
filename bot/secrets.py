"""Seals what must not be read from the database: Fernet, with keys that can be changed.

Fernet is AES-128-CBC with an HMAC-SHA-256 (https://github.com/fernet/spec). The first key seals,
every key opens, so that a new key goes in front and the old one stays until all is sealed anew.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.errors import SettingsInvalid

KEY_FILE = "secret.key"


class SecretBox:
    """Seals and opens short texts. What it seals is text too, and never twice the same."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are Fernet keys, the one that seals first. Raises SettingsInvalid."""
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SettingsInvalid(
                "FOOTNOTE_SECRET_KEYS holds something that is no key: each is 32 bytes in "
                "url-safe base64. `footnote secrets new-key` prints one."
            ) from error

    def seal(self, text: str) -> str:
        """The text, sealed."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """The text that was sealed. Raises SettingsInvalid where no key fits."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SettingsInvalid(
                "A secret in the database was sealed with a key that is not at hand. Give that "
                "key back in FOOTNOTE_SECRET_KEYS, or enter the source's secrets anew."
            ) from error

    def seal_all(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Named texts, sealed."""
        return {name: self.seal(text) for name, text in secrets.items()}

    def open_all(self, sealed: Mapping[str, str]) -> dict[str, str]:
        """Named texts, opened. Raises SettingsInvalid."""
        return {name: self.open(text) for name, text in sealed.items()}


def make_key() -> str:
    """A new key."""
    return Fernet.generate_key().decode("ascii")


def open_box(keys: Sequence[str], directory: Path) -> SecretBox:
    """A box with these keys; where there are none, with that of a file in `directory`.

    The file is made if it is missing, for its owner's eyes alone. Raises SettingsInvalid.
    """
    return SecretBox(keys or [_provide_key(directory / KEY_FILE)])


def _provide_key(path: Path) -> str:
    try:
        if not path.exists():
            _make_key_file(path)
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsInvalid(
            f"{path} cannot be read or made ({error.strerror}). Set FOOTNOTE_SECRET_KEYS, or give "
            "the user that Footnote runs as the right to the data directory."
        ) from error


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(make_key())
    # put in place when it is whole; another process may have been first
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
