"""Settings: what sources may read, and where it is kept."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from bot.settings.base import SettingsGroup, split_names
from retrieval.sources.addresses import AddressPolicy


class SourceSettings(SettingsGroup):
    """What sources may read."""

    private_hosts: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        alias="FOOTNOTE_PRIVATE_HOSTS",
        description="What sources may read besides the public Internet: comma-separated host names "
        "(`wiki.corp.example`, `*.corp.example`), addresses and networks (`10.2.0.0/16`).",
    )
    chat_folders: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        alias="FOOTNOTE_CHAT_FOLDERS",
        description="Folders of this machine below which admins may add folders as sources in "
        "chat, comma-separated. Empty: folders are added on the command line only.",
    )

    @field_validator("private_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        return frozenset(split_names(value)) if isinstance(value, str) else value

    @field_validator("chat_folders", mode="before")
    @classmethod
    def _split_folders(cls, value: object) -> object:
        return split_names(value) if isinstance(value, str) else value

    @field_validator("private_hosts")
    @classmethod
    def _name_hosts(cls, value: frozenset[str]) -> frozenset[str]:
        AddressPolicy.parse(value)
        return value


class StorageSettings(SettingsGroup):
    """The database and the data directory."""

    database_url: SecretStr | None = Field(
        None,
        alias="DATABASE_URL",
        description="A PostgreSQL 15 or later with pgvector 0.8 or later, as a `postgresql://` "
        "address. Empty: an embedded one in the data directory.",
    )
    vector_index: Literal["halfvec", "binary"] = Field(
        "halfvec",
        alias="FOOTNOTE_VECTOR_INDEX",
        description="What the index over vectors holds: `halfvec`, the vectors in half precision, "
        "or `binary`, a bit for each dimension, which takes a third of the memory and finds "
        "slightly less. After a change, the next sync builds the index anew.",
    )
    data_dir: Path = Field(
        Path(".footnote"),
        alias="FOOTNOTE_DATA_DIR",
        description="Where the embedded database and caches live.",
    )

    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        alias="FOOTNOTE_SECRET_KEYS",
        description="Keys that seal the secrets of sources in the database, comma-separated: the "
        "first seals, all open. `footnote secrets new-key` prints one. Empty: a key in the data "
        "directory, which every machine that shares a database would need.",
    )

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        return split_names(value) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _look_like_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("the address should start with postgresql://")
        return value
