"""The platforms that are served, and what they turn to."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.desks import FormDesks
from bot.errors import SettingsInvalid
from bot.intake import InboxIntake
from bot.model import Platform
from bot.people.home import HomePages
from bot.platforms.discord_platform import DiscordPlatform, DiscordPorts, build_discord
from bot.platforms.slack_platform import (
    HttpServer,
    OAuthApp,
    SlackPlatform,
    SlackPorts,
    build_slack,
)
from bot.prompts import SourcePrompts
from bot.reading.shelf import Shelf
from bot.reading.suggestions import ReadableNames
from bot.rendering.form import Choice
from bot.rights import AdminSuggestions
from bot.settings import Settings
from bot.storage.directory import PostgresWorkspaces
from bot.storage.discord import (
    PostgresCommandDigests,
    PostgresCursors,
    PostgresShardRoster,
)
from bot.storage.installations import PostgresInstallationStates
from bot.storage.rights import PostgresRightsChanges
from bot.storage.slack import PostgresGaps
from bot.storage.threads import PostgresThreads
from bot.wiring import Footnote
from retrieval.postgres.transcripts import PostgresTranscripts

Connections = Mapping[Platform, SlackPlatform | DiscordPlatform]


@dataclass(frozen=True, slots=True)
class Front:
    """What platforms turn to while a person waits."""

    intake: InboxIntake
    workspaces: PostgresWorkspaces
    source_names: AdminSuggestions
    shelf: Shelf
    readable_names: ReadableNames
    desk: FormDesks
    kinds: Sequence[Choice]
    changes: PostgresRightsChanges
    prompts: SourcePrompts
    homes: HomePages


def choose_platforms(settings: Settings, *, slack: bool, discord: bool) -> list[Platform]:
    """The platforms that were chosen. Raises SettingsInvalid where there is none, or no token."""
    if slack and not settings.is_on_slack:
        raise SettingsInvalid("SLACK_BOT_TOKEN is not set; see docs/connect-slack.md.")
    if discord and not settings.discord_token:
        raise SettingsInvalid("DISCORD_TOKEN is not set; see docs/connect-discord.md.")
    if not (slack or discord):
        raise SettingsInvalid(
            "No platform to serve: set SLACK_BOT_TOKEN or DISCORD_TOKEN, in the environment or in "
            "a file .env; docs/connect-slack.md and docs/connect-discord.md tell how to get them."
        )
    return [Platform.SLACK] * slack + [Platform.DISCORD] * discord


async def connect_account(platform: SlackPlatform | DiscordPlatform) -> str:
    """Connect; returns what people call the place."""
    if isinstance(platform, SlackPlatform):
        identity = await platform.connect()
        return f"Slack ({identity.team_name if identity else 'every workspace that installs it'})"
    guilds = (await platform.connect()).guilds.values()
    return f"Discord ({', '.join(guilds) or 'in no server yet'})"


def build_slack_platform(
    footnote: Footnote, front: Front, check_health: Callable[[], Awaitable[str]]
) -> SlackPlatform:
    settings = footnote.settings
    bot_token, app_token = settings.slack_bot_token, settings.slack_app_token
    server = None
    if secret := settings.slack_signing_secret:
        where = settings.host, settings.port
        server = HttpServer(secret.get_secret_value(), *where, check_health)
    return build_slack(
        SlackPorts(
            intake=front.intake,
            workspaces=front.workspaces,
            desk=front.desk,
            source_names=front.source_names,
            transcripts=PostgresTranscripts(footnote.pool),
            prompts=front.prompts,
            homes=front.homes,
            changes=front.changes,
            gaps=PostgresGaps(footnote.pool),
        ),
        bot_token=bot_token.get_secret_value() if bot_token else None,
        oauth=_find_oauth_app(footnote),
        app_token=app_token.get_secret_value() if app_token else None,
        server=server,
        api_url=settings.slack_api_url,
        rights_seconds=settings.rights_minutes * 60,
        guests_are_members=settings.guests_are_members,
        span=timedelta(hours=settings.slack_catch_up_hours),
    )


def _find_oauth_app(footnote: Footnote) -> OAuthApp | None:
    client_id = footnote.settings.slack_client_id
    client_secret = footnote.settings.slack_client_secret
    if not client_id or client_secret is None:
        return None
    return OAuthApp(
        client_id=client_id,
        client_secret=client_secret.get_secret_value(),
        installations=footnote.installations,
        states=PostgresInstallationStates(footnote.pool),
    )


def build_discord_platform(footnote: Footnote, front: Front) -> DiscordPlatform:
    settings = footnote.settings
    assert settings.discord_token is not None  # noqa: S101  # choose_platforms has seen to it
    return build_discord(
        DiscordPorts(
            intake=front.intake,
            workspaces=front.workspaces,
            threads=PostgresThreads(footnote.pool),
            source_names=front.source_names,
            readable_names=front.readable_names,
            desk=front.desk,
            kinds=front.kinds,
            channels=footnote.channels,
            cursors=PostgresCursors(footnote.pool),
            roster=PostgresShardRoster(footnote.pool),
            digests=PostgresCommandDigests(footnote.pool),
            changes=front.changes,
        ),
        token=settings.discord_token.get_secret_value(),
        span=timedelta(hours=settings.discord_catch_up_hours),
        shards=settings.discord_shards,
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        rights_seconds=settings.rights_minutes * 60,
    )
