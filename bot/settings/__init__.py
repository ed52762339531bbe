"""Every setting, read from the environment and from a file `.env` in the working directory.

The only package that reads the environment. Providers' own settings (OPENAI_API_KEY,
OPENAI_BASE_URL, ANTHROPIC_API_KEY, OLLAMA_HOST …) are read by the providers' libraries, which this
package lets see what `.env` holds.
"""

import os
from difflib import get_close_matches
from typing import Literal, Self

from dotenv import dotenv_values
from pydantic import Field, ValidationError, model_validator

from bot.errors import SettingsInvalid
from bot.model import ChannelSettings
from bot.settings.answers import AnsweringSettings, LimitSettings
from bot.settings.base import ENV_FILE
from bot.settings.models import ModelSettings
from bot.settings.platforms import DiscordSettings, PeopleSettings, SlackSettings
from bot.settings.storage import SourceSettings, StorageSettings

# LangGraph reads this when it is imported; without it a crafted checkpoint could run code.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")


class Settings(
    LimitSettings,
    AnsweringSettings,
    ModelSettings,
    StorageSettings,
    SourceSettings,
    PeopleSettings,
    DiscordSettings,
    SlackSettings,
):
    """The settings of one process: those of the groups, the last one first, and of serving."""

    host: str = Field(
        "127.0.0.1",
        alias="FOOTNOTE_HOST",
        description="Address that the HTTP server listens on (Slack over HTTP, `/healthz`).",
    )
    port: int = Field(
        8080,
        alias="FOOTNOTE_PORT",
        ge=0,
        le=65535,
        description="Port of the HTTP server; 0 picks a free one.",
    )
    workers: int = Field(
        4,
        alias="FOOTNOTE_WORKERS",
        ge=1,
        le=64,
        description="How many questions one process answers at the same time.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", alias="FOOTNOTE_LOG_LEVEL", description="How much is logged, to standard error."
    )

    @model_validator(mode="after")
    def _know_what_answers_cost(self) -> Self:
        unpriced = self.paid_models - set(self.prices)
        bounds = {
            "FOOTNOTE_ANSWER_COST": self.answer_cost,
            "FOOTNOTE_CHANNEL_COST": self.channel_cost,
            "FOOTNOTE_TENANT_COST": self.tenant_cost,
        }
        bounded = [name for name, bound in bounds.items() if bound is not None]
        if bounded and unpriced:
            raise ValueError(
                f"{bounded[0]} is set, but FOOTNOTE_MODEL_PRICES holds no price of "
                + ", ".join(sorted(unpriced))
            )
        return self

    @property
    def channel(self) -> ChannelSettings:
        """How the bot behaves where a channel says nothing else."""
        return ChannelSettings(
            language=self.language,
            persona=self.persona,
            remit=self.remit,
            freshness_days=self.freshness_days,
            budget=self.channel_day,
        )


def load_settings() -> Settings:
    """Read the settings. Raises SettingsInvalid, which names the setting and how to mend it."""
    for name, value in dotenv_values(ENV_FILE).items():
        if value and name not in Settings.model_fields:
            os.environ.setdefault(name, value)
    if os.environ["LANGGRAPH_STRICT_MSGPACK"].lower() not in ("1", "true", "yes"):
        raise SettingsInvalid("LANGGRAPH_STRICT_MSGPACK must be true: remove it or set it so.")
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsInvalid(_explain(error)) from error


def _explain(error: ValidationError) -> str:
    faults = []
    for fault in error.errors():
        name = ".".join(str(part) for part in fault["loc"])
        message = fault["msg"].removeprefix("Value error, ")
        faults.append(f"{name}: {message}" if name else message)
    return "; ".join(faults) + "."


def find_unknown_settings() -> list[str]:
    """Names that look like settings of ours and are none, each with the one that may be meant."""
    known = [str(field.alias) for field in Settings.model_fields.values()]
    told = []
    for name in sorted(os.environ):
        if name.startswith("FOOTNOTE_") and name not in known:
            meant = get_close_matches(name, known, n=1)
            told.append(f"{name} (perhaps {meant[0]})" if meant else name)
    return told


def describe_settings() -> list[tuple[str, str, str]]:
    """(name, default, description) of each setting, in the order of the class."""
    rows = []
    for field in Settings.model_fields.values():
        default = field.default
        shown = "" if default in (None, frozenset(), ()) else str(default)
        rows.append((str(field.alias), shown, field.description or ""))
    return rows
