"""Settings: where the bot is, and who may do what there."""

from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from bot.settings.base import SettingsGroup, split_names


class SlackSettings(SettingsGroup):
    """The Slack app."""

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
    slack_catch_up_hours: float = Field(
        12.0,
        alias="FOOTNOTE_SLACK_CATCH_UP_HOURS",
        ge=0,
        description="After an outage, questions of the last so many hours that Slack has given up "
        "delivering are read from the channels and answered; 0: none.",
    )

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

    @model_validator(mode="after")
    def _have_a_way_in(self) -> Self:
        if self.slack_bot_token and not (self.slack_app_token or self.slack_signing_secret):
            raise ValueError(
                "SLACK_BOT_TOKEN is set, but neither SLACK_APP_TOKEN (for Socket Mode) nor "
                "SLACK_SIGNING_SECRET (for HTTP)"
            )
        return self

    @model_validator(mode="after")
    def _have_what_oauth_needs(self) -> Self:
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

    @property
    def is_on_slack(self) -> bool:
        """Whether there is what it takes to serve Slack."""
        return bool(self.slack_bot_token or self.slack_client_id)


class DiscordSettings(SettingsGroup):
    """The Discord application."""

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


class PeopleSettings(SettingsGroup):
    """Who may do what."""

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

    @field_validator("admins", "workspaces", mode="before")
    @classmethod
    def _split_people(cls, value: object) -> object:
        return frozenset(split_names(value)) if isinstance(value, str) else value

    @field_validator("admins", "workspaces")
    @classmethod
    def _name_a_platform(cls, value: frozenset[str]) -> frozenset[str]:
        for entry in value:
            platform, _, identifier = entry.partition(":")
            if platform not in ("slack", "discord") or not identifier:
                raise ValueError(f"{entry!r} should read slack:ID or discord:ID")
        return value
