"""Every setting, read from the environment and from a file `.env` in the working directory.

The only module that reads the environment. Providers' own settings (OPENAI_API_KEY,
OPENAI_BASE_URL, ANTHROPIC_API_KEY, OLLAMA_HOST …) are read by the providers' libraries, which this
module lets see what `.env` holds.
"""

import os
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agents.config import Price, parse_prices
from bot.errors import SettingsInvalid
from bot.model import Bounds, ChannelSettings
from retrieval.lexical import Analyzer
from retrieval.sources.addresses import AddressPolicy

# LangGraph reads this when it is imported; without it a crafted checkpoint could run code.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

ENV_FILE = ".env"


class Settings(BaseSettings):
    """The settings of one process. Each field's description is its documentation."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    # Slack
    slack_bot_token: SecretStr | None = Field(
        None,
        alias="SLACK_BOT_TOKEN",
        description="Bot User OAuth Token (`xoxb-…`) of your Slack app: *OAuth & Permissions* in "
        "the app's settings.",
    )
    slack_app_token: SecretStr | None = Field(
        None,
        alias="SLACK_APP_TOKEN",
        description="App-level token (`xapp-…`) with `connections:write`: *Basic Information*. Set "
        "it to receive events over Socket Mode, which needs no public address.",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        alias="SLACK_SIGNING_SECRET",
        description="Signing secret: *Basic Information*. Set it, and no app token, to receive "
        "events over HTTP at `/slack/events`.",
    )
    slack_client_id: str | None = Field(
        None,
        alias="SLACK_CLIENT_ID",
        description="Client id: *Basic Information*. Set it, the client secret and the signing "
        "secret, and no tokens, to have several workspaces install the app at `/slack/install`.",
    )
    slack_client_secret: SecretStr | None = Field(
        None, alias="SLACK_CLIENT_SECRET", description="Client secret: *Basic Information*."
    )
    slack_tenants: Literal["one", "each"] = Field(
        "one",
        alias="FOOTNOTE_SLACK_TENANTS",
        description="Whose sources a workspace asks that installs the app: `one`, those of the "
        "command line, shared by all; or `each`, its own, apart from all others and managed in "
        "chat (an organisation's workspaces share theirs).",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        alias="FOOTNOTE_SLACK_API_URL",
        description="Base address of Slack's Web API.",
    )

    # Discord
    discord_token: SecretStr | None = Field(
        None,
        alias="DISCORD_TOKEN",
        description="Bot token: *Bot* in the Discord developer portal.",
    )
    discord_api_url: str = Field(
        "https://discord.com/api/v10",
        alias="FOOTNOTE_DISCORD_API_URL",
        description="Base address of Discord's REST API.",
    )
    discord_gateway_url: str = Field(
        "wss://gateway.discord.gg/",
        alias="FOOTNOTE_DISCORD_GATEWAY_URL",
        description="Address of Discord's gateway.",
    )

    discord_shards: int = Field(
        0,
        alias="FOOTNOTE_DISCORD_SHARDS",
        ge=0,
        description="How many shards the bot's connection to Discord has, which the processes that "
        "share a database share out among them; 0: as many as Discord recommends.",
    )
    discord_catch_up_hours: float = Field(
        12.0,
        alias="FOOTNOTE_DISCORD_CATCH_UP_HOURS",
        ge=0,
        description="After an outage, questions of the last so many hours that Discord did not "
        "deliver are read from the channels and answered; 0: none.",
    )

    # Who may do what
    admins: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        alias="FOOTNOTE_ADMINS",
        description="Who may sync and manage sources in chat: comma-separated, each "
        "`slack:U…` or `discord:…` (the member's id). Members with *Manage Server* in a Discord "
        "server are admins there without being listed.",
    )
    workspaces: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        alias="FOOTNOTE_WORKSPACES",
        description="Where the bot answers: comma-separated, each `slack:T…` or `discord:…` "
        "(the server's id); direct messages on Discord are `discord:@me`, and places where people "
        "bring it along `discord:@elsewhere`. Empty: every workspace and server that its tokens "
        "reach.",
    )

    rights_minutes: float = Field(
        5.0,
        alias="FOOTNOTE_RIGHTS_MINUTES",
        gt=0,
        le=60,
        description="How long what Slack and Discord told of members, groups and channels is used "
        "at most. Changes that they tell of count at once.",
    )
    guests_are_members: bool = Field(
        False,
        alias="FOOTNOTE_GUESTS_ARE_MEMBERS",
        description="Whether guests of a Slack workspace may read what everyone may. Else answers "
        "in channels with guests use only what is meant for that channel or for the public.",
    )

    # Sources
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

    # Storage
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

    # Models
    embedding_model: str = Field(
        "builtin:all-MiniLM-L6-v2",
        alias="FOOTNOTE_EMBEDDING_MODEL",
        description="The embedding model: the built-in one (on this machine's CPU), or any "
        "LangChain embedding model as `provider:model`, such as `openai:text-embedding-3-small`. "
        "A database keeps the model that it began with until `footnote reindex` changes it.",
    )
    embedding_precision: Literal["fp32", "int8"] = Field(
        "fp32",
        alias="FOOTNOTE_EMBEDDING_PRECISION",
        description="How exactly the built-in embedding model computes: `fp32`, or `int8`, which "
        "is faster and slightly less exact. After a change, run `footnote reindex`.",
    )
    search_languages: str = Field(
        "english",
        alias="FOOTNOTE_SEARCH_LANGUAGES",
        description="Languages of the documents, whose stop words and endings the search knows, "
        "such as `english,german`; the commonest first. After a change, run "
        "`footnote sync all --full`.",
    )
    reranker: str = Field(
        "maxsim",
        alias="FOOTNOTE_RERANKER",
        description="How found passages are ranked again: `maxsim` (built in), `none`, "
        "`onnx:FOLDER` (a cross-encoder exported to ONNX), `cross-encoder:MODEL` (needs the extra "
        "`footnote[cross-encoder]`), or `llm:PROVIDER:MODEL` (a chat model; `llm` alone takes the "
        "one that answers).",
    )
    chat_model: str | None = Field(
        None,
        alias="FOOTNOTE_CHAT_MODEL",
        description="The model that writes answers, as `provider:model`: `openai:…`, "
        "`anthropic:…`, `ollama:…` or any other that LangChain knows; several, comma-separated, "
        "are tried in turn. Empty: answers are quoted from the documents without any model.",
    )

    planner_model: str | None = Field(
        None,
        alias="FOOTNOTE_PLANNER_MODEL",
        description="The model that decides what to search for and whether what was found is "
        "enough; a small, quick one will do. Written as `FOOTNOTE_CHAT_MODEL`. Empty: the model "
        "that writes.",
    )
    chat_model_sees: Literal["auto", "yes", "no"] = Field(
        "auto",
        alias="FOOTNOTE_CHAT_MODEL_SEES",
        description="Whether images that come with questions go to the model that answers. `auto`: "
        "where LangChain knows that it takes images.",
    )
    model_prices: str = Field(
        "",
        alias="FOOTNOTE_MODEL_PRICES",
        description="What chat models cost, in US dollars for a million tokens read and written: "
        "`openai:gpt-5-mini=0.25/2, ollama:llama3.1=0/0`. Without a model's price, what an answer "
        "costs is not known.",
    )

    # Answers
    answer_seconds: float = Field(
        60.0,
        alias="FOOTNOTE_ANSWER_SECONDS",
        gt=0,
        le=600,
        description="How long one answer may take at most, in seconds.",
    )
    answer_tokens: int = Field(
        60_000,
        alias="FOOTNOTE_ANSWER_TOKENS",
        gt=0,
        description="How many tokens chat models may read and write for one answer.",
    )
    answer_cost: float | None = Field(
        None,
        alias="FOOTNOTE_ANSWER_COST",
        gt=0,
        description="What chat models may cost for one answer, in US dollars; needs "
        "`FOOTNOTE_MODEL_PRICES`. Empty: no bound.",
    )
    persona: str = Field(
        "",
        alias="FOOTNOTE_PERSONA",
        description="House style of answers that a chat model writes, in words, such as `address "
        "people informally`.",
    )
    remit: str = Field(
        "",
        alias="FOOTNOTE_REMIT",
        description="What the bot answers, in words, such as `questions about our products`; "
        "anything else is declined. Empty: whatever the documents hold.",
    )
    language: str = Field(
        "",
        alias="FOOTNOTE_LANGUAGE",
        pattern="^([a-z]{2})?$",
        description="Language of answers as a two-letter code, such as `de`. Empty: the "
        "question's.",
    )
    freshness_days: int | None = Field(
        None,
        alias="FOOTNOTE_FRESHNESS_DAYS",
        gt=0,
        description="An answer whose newest source is older than so many days carries a warning.",
    )

    # Limits
    person_questions: int = Field(
        20,
        alias="FOOTNOTE_PERSON_QUESTIONS",
        ge=0,
        description="How many questions a person may ask in a minute; 0: no bound.",
    )
    channel_questions: int = Field(
        60,
        alias="FOOTNOTE_CHANNEL_QUESTIONS",
        ge=0,
        description="How many questions may be asked in a channel in a minute; 0: no bound.",
    )
    tenant_questions: int = Field(
        300,
        alias="FOOTNOTE_TENANT_QUESTIONS",
        ge=0,
        description="How many questions may be asked in a minute in all; 0: no bound.",
    )
    channel_day: int | None = Field(
        None,
        alias="FOOTNOTE_CHANNEL_DAY",
        gt=0,
        description="How many questions are answered in a channel in a day (UTC), where the "
        "channel does not say (`/channel set budget`). Empty: no bound.",
    )
    tenant_day: int | None = Field(
        None,
        alias="FOOTNOTE_TENANT_DAY",
        gt=0,
        description="How many questions are answered in a day (UTC) in all. Empty: no bound.",
    )
    channel_cost: float | None = Field(
        None,
        alias="FOOTNOTE_CHANNEL_COST",
        gt=0,
        description="What chat models may cost in a channel in a day (UTC), in US dollars; needs "
        "`FOOTNOTE_MODEL_PRICES`. When it is spent, answers are quoted from the documents, and "
        "say so. Empty: no bound.",
    )
    tenant_cost: float | None = Field(
        None,
        alias="FOOTNOTE_TENANT_COST",
        gt=0,
        description="What chat models may cost in a day (UTC) in all, as `FOOTNOTE_CHANNEL_COST`.",
    )
    queue_notice: int = Field(
        10,
        alias="FOOTNOTE_QUEUE_NOTICE",
        ge=1,
        description="From which number in the queue on people are told their number.",
    )

    # Serving
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

    @field_validator("admins", "workspaces", "private_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("secret_keys", "chat_folders", mode="before")
    @classmethod
    def _split_in_order(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("search_languages")
    @classmethod
    def _know_the_languages(cls, value: str) -> str:
        try:
            Analyzer(_split(value.lower()))
        except ValueError as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("admins", "workspaces")
    @classmethod
    def _name_a_platform(cls, value: frozenset[str]) -> frozenset[str]:
        for entry in value:
            platform, _, identifier = entry.partition(":")
            if platform not in ("slack", "discord") or not identifier:
                raise ValueError(f"{entry!r} should read slack:ID or discord:ID")
        return value

    @field_validator("private_hosts")
    @classmethod
    def _name_hosts(cls, value: frozenset[str]) -> frozenset[str]:
        AddressPolicy.parse(value)
        return value

    @field_validator("slack_bot_token")
    @classmethod
    def _look_like_a_bot_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("xoxb-", "xoxe.xoxb-")):
            raise ValueError("a bot token starts with xoxb- (OAuth & Permissions in your app)")
        return value

    @field_validator("slack_app_token")
    @classmethod
    def _look_like_an_app_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith("xapp-"):
            raise ValueError("an app-level token starts with xapp- (Basic Information in your app)")
        return value

    @field_validator("database_url")
    @classmethod
    def _look_like_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("the address should start with postgresql://")
        return value

    @field_validator("embedding_model")
    @classmethod
    def _name_a_provider(cls, value: str) -> str:
        if ":" not in value:
            raise ValueError("should read provider:model, for instance builtin:all-MiniLM-L6-v2")
        return value

    @field_validator("model_prices")
    @classmethod
    def _read_as_prices(cls, value: str) -> str:
        parse_prices(value)
        return value

    @field_validator("chat_model", "planner_model")
    @classmethod
    def _name_chat_providers(cls, value: str | None) -> str | None:
        for part in (value or "").split(","):
            if part.strip() and ":" not in part:
                raise ValueError("should read provider:model, for instance openai:gpt-5-mini")
        return value

    @model_validator(mode="after")
    def _have_a_way_in(self) -> "Settings":
        if self.slack_bot_token and not (self.slack_app_token or self.slack_signing_secret):
            raise ValueError(
                "SLACK_BOT_TOKEN is set, but neither SLACK_APP_TOKEN (for Socket Mode) nor "
                "SLACK_SIGNING_SECRET (for HTTP)"
            )
        return self

    @model_validator(mode="after")
    def _have_what_oauth_needs(self) -> "Settings":
        if not self.slack_client_id:
            return self
        if not (self.slack_client_secret and self.slack_signing_secret):
            raise ValueError(
                "SLACK_CLIENT_ID is set, so SLACK_CLIENT_SECRET and SLACK_SIGNING_SECRET are needed"
            )
        if self.slack_bot_token or self.slack_app_token:
            raise ValueError(
                "SLACK_CLIENT_ID has workspaces install the app over HTTP: remove SLACK_BOT_TOKEN "
                "and SLACK_APP_TOKEN, or remove SLACK_CLIENT_ID"
            )
        return self

    @model_validator(mode="after")
    def _know_what_answers_cost(self) -> "Settings":
        unpriced = {*self.chat_models, *self.planner_models} - set(self.prices)
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
    def is_on_slack(self) -> bool:
        """Whether there is what it takes to serve Slack."""
        return bool(self.slack_bot_token or self.slack_client_id)

    @property
    def embedding_spec(self) -> str:
        """The embedding model with its precision, where that is not the usual one."""
        exact = self.embedding_precision == "fp32" or not self.embedding_model.startswith("builtin")
        return self.embedding_model if exact else f"{self.embedding_model}/int8"

    @property
    def chat_models(self) -> tuple[str, ...]:
        """The chat models in the order in which they are tried."""
        return _split(self.chat_model)

    @property
    def planner_models(self) -> tuple[str, ...]:
        """The models that plan in the order in which they are tried; none: those that write."""
        return _split(self.planner_model)

    @property
    def prices(self) -> dict[str, Price]:
        """What is known of models' prices, by their names."""
        return parse_prices(self.model_prices)

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

    @property
    def bounds(self) -> Bounds:
        """How much may be asked and spent."""
        return Bounds(
            person=self.person_questions or None,
            channel=self.channel_questions or None,
            tenant=self.tenant_questions or None,
            tenant_day=self.tenant_day,
            channel_cost=self.channel_cost,
            tenant_cost=self.tenant_cost,
        )

    @property
    def analyzer(self) -> Analyzer:
        """How lexical search reads documents and queries."""
        return Analyzer(_split(self.search_languages.lower()))


def _split(names: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (names or "").split(",") if part.strip())


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


def describe_settings() -> list[tuple[str, str, str]]:
    """(name, default, description) of each setting, in the order of the class."""
    rows = []
    for field in Settings.model_fields.values():
        default = field.default
        shown = "" if default in (None, frozenset(), ()) else str(default)
        rows.append((str(field.alias), shown, field.description or ""))
    return rows
