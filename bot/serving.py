"""The bot on its platforms: what receives, what answers, and what keeps both going."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack

from bot.commands import Commands
from bot.conversation import Conversation
from bot.delivery import Delivery
from bot.errors import SettingsInvalid
from bot.intake import InboxIntake
from bot.model import Platform
from bot.platforms.discord_platform import DiscordPlatform, build_discord
from bot.platforms.slack_platform import SlackPlatform, build_slack
from bot.ports import Directory, Messenger
from bot.queue import PostgresJobQueue
from bot.settings import Settings
from bot.storage.directory import PostgresAdmins, PostgresAudit, PostgresWorkspaces
from bot.storage.inbox import PostgresInbox
from bot.storage.outbox import PostgresOutbox
from bot.storage.threads import PostgresThreads
from bot.syncing import SyncReporter
from bot.wiring import Footnote
from bot.worker import Worker

Announce = Callable[[Mapping[str, object]], None]

_log = logging.getLogger(__name__)


async def serve_platforms(
    footnote: Footnote, *, slack: bool, discord: bool, announce: Announce
) -> None:
    """Run the bot on the platforms until cancelled; `announce` is told once they are connected.

    Raises ConnectionRefused, SettingsInvalid.
    """
    settings = footnote.settings
    wanted = _choose_platforms(settings, slack=slack, discord=discord)
    async with AsyncExitStack() as stack:
        queue = await stack.enter_async_context(
            PostgresJobQueue(footnote.database_url, wanted, workers=settings.workers)
        )
        inbox = PostgresInbox(footnote.pool, queue)
        workspaces = PostgresWorkspaces(footnote.pool, allowed=settings.workspaces)
        intake = InboxIntake(inbox, workspaces)
        platforms: dict[Platform, SlackPlatform | DiscordPlatform] = {}
        if Platform.SLACK in wanted:
            platforms[Platform.SLACK] = _build_slack(settings, intake, workspaces)
        if Platform.DISCORD in wanted:
            platforms[Platform.DISCORD] = _build_discord(footnote, intake, workspaces)
        where = []
        for platform in platforms.values():
            name = await _connect(platform)
            stack.push_async_callback(platform.close)
            where.append(name)
            _log.info("Connected to %s", name)
        worker = _build_worker(footnote, queue, inbox, platforms)
        async with asyncio.TaskGroup() as group:
            for platform in platforms.values():
                group.create_task(platform.run())
            group.create_task(worker.run())
            group.create_task(_announce_when_ready(list(platforms.values()), where, announce))


def _choose_platforms(settings: Settings, *, slack: bool, discord: bool) -> list[Platform]:
    if slack and not settings.slack_bot_token:
        raise SettingsInvalid("SLACK_BOT_TOKEN is not set; see docs/connect-slack.md.")
    if discord and not settings.discord_token:
        raise SettingsInvalid("DISCORD_TOKEN is not set; see docs/connect-discord.md.")
    if not (slack or discord):
        raise SettingsInvalid(
            "No platform to serve: set SLACK_BOT_TOKEN or DISCORD_TOKEN, in the environment or in "
            "a file .env; docs/connect-slack.md and docs/connect-discord.md tell how to get them."
        )
    return [Platform.SLACK] * slack + [Platform.DISCORD] * discord


async def _connect(platform: SlackPlatform | DiscordPlatform) -> str:
    """Connect; returns what people call the place."""
    if isinstance(platform, SlackPlatform):
        return f"Slack ({(await platform.connect()).team_name})"
    guilds = (await platform.connect()).guilds.values()
    return f"Discord ({', '.join(guilds) or 'in no server yet'})"


async def _announce_when_ready(
    platforms: list[SlackPlatform | DiscordPlatform], where: list[str], announce: Announce
) -> None:
    for platform in platforms:
        await platform.wait_until_receiving()
    announce({"ready": True, "summary": ", ".join(where)})


def _build_slack(
    settings: Settings, intake: InboxIntake, workspaces: PostgresWorkspaces
) -> SlackPlatform:
    assert settings.slack_bot_token is not None  # noqa: S101  # _choose_platforms has seen to it
    app_token, secret = settings.slack_app_token, settings.slack_signing_secret
    return build_slack(
        bot_token=settings.slack_bot_token.get_secret_value(),
        intake=intake,
        workspaces=workspaces,
        app_token=app_token.get_secret_value() if app_token else None,
        signing_secret=secret.get_secret_value() if secret else None,
        api_url=settings.slack_api_url,
        host=settings.host,
        port=settings.port,
    )


def _build_discord(
    footnote: Footnote, intake: InboxIntake, workspaces: PostgresWorkspaces
) -> DiscordPlatform:
    settings = footnote.settings
    assert settings.discord_token is not None  # noqa: S101  # _choose_platforms has seen to it
    return build_discord(
        token=settings.discord_token.get_secret_value(),
        intake=intake,
        workspaces=workspaces,
        threads=PostgresThreads(footnote.pool),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
    )


def _build_worker(
    footnote: Footnote,
    queue: PostgresJobQueue,
    inbox: PostgresInbox,
    platforms: Mapping[Platform, SlackPlatform | DiscordPlatform],
) -> Worker:
    messengers: dict[Platform, Messenger] = {
        platform: each.messenger for platform, each in platforms.items()
    }
    directories: dict[Platform, Directory] = {
        platform: each.directory for platform, each in platforms.items()
    }
    delivery = Delivery(PostgresOutbox(footnote.pool), messengers)
    audit = PostgresAudit(footnote.pool)
    return Worker(
        jobs=queue,
        inbox=inbox,
        conversation=Conversation(
            inbox=inbox,
            delivery=delivery,
            assistant=footnote.assistant,
            directories=directories,
            limit=footnote.settings.answer_seconds + 30,
        ),
        commands=Commands(
            inbox=inbox,
            delivery=delivery,
            sources=footnote.knowledge,
            jobs=queue,
            directories=directories,
            admins=PostgresAdmins(footnote.pool),
            audit=audit,
            listed_admins=footnote.settings.admins,
        ),
        syncs=SyncReporter(inbox=inbox, delivery=delivery, sources=footnote.knowledge, audit=audit),
    )
