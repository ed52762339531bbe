"""What groups of settings have in common."""

from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_FILE = ".env"


class SettingsGroup(BaseSettings):
    """Settings of one topic. Each field's description is its documentation.

    Validators of two groups must not share a name: one would take the place of the other.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


def split_names(names: str | None) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(part.strip() for part in (names or "").split(",") if part.strip())
