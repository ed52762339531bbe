"""The bot on its platforms: what receives, what answers, and what keeps both going."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agents.llm import triage
from bot.admin.channel_form import ChannelForm
from bot.admin.forms import AdminForms
from bot.admin.sync_orders import SyncMessages
from bot.admin.verbs import build_verbs
from bot.answers.calls import Callers
from bot.answers.cases import Cases
from bot.answers.forgetting import Forgetting
from bot.answers.rating import RatingDesk
from bot.answers.verbs import build_people_verbs
from bot.answers.withdrawals import Beginnings, Withdrawals
from bot.channels.editor import ChannelEditor
from bot.channels.guide import Guide
from bot.channels.limits import Limits
from bot.commands import Commands
from bot.conversation import Conversation
from bot.delivery import Delivery
from bot.desks import FormDesks
from bot.enclosures import FILE_MEGABYTES, Enclosures
from bot.errors import SettingsInvalid
from bot.intake import InboxIntake
from bot.model import Platform
from bot.platforms.discord_platform import DiscordPlatform, build_discord
from bot.platforms.downloads import DiscordFiles, SlackFiles, open_download_client
from bot.platforms.slack_platform import OAuthApp, SlackPlatform, build_slack
from bot.ports import Directory, FileStore, Messenger
from bot.prompts import SourcePrompts
from bot.queue import PostgresJobQueue
from bot.reading.offers import Offers
from bot.reading.shelf import Shelf
from bot.reading.suggestions import ReadableNames
from bot.reading.verbs import build_lesser_verbs, build_reading_verbs
from bot.rendering.form import Choice
from bot.rights import AdminSuggestions, Rights
from bot.scopes import Scopes
from bot.settings import Settings
from bot.storage.allowances import PostgresAllowances
from bot.storage.database import Pool, connect
from bot.storage.directory import PostgresAdmins, PostgresAudit, PostgresWorkspaces
from bot.storage.discord import (
    PostgresCommandDigests,
    PostgresCursors,
    PostgresShardRoster,
)
from bot.storage.feedback import PostgresCalls
from bot.storage.inbox import PostgresInbox
from bot.storage.installations import PostgresInstallationStates
from bot.storage.keepsakes import PostgresKeepsakes
from bot.storage.outbox import PostgresOutbox
from bot.storage.preferences import PostgresPreferences
from bot.storage.rights import PostgresRightsChanges
from bot.storage.schedules import PostgresSchedules
from bot.storage.threads import PostgresThreads
from bot.storage.waiting import PostgresWaitingLine
from bot.syncing import SyncReporter
from bot.waiting import WaitingRoom
from bot.wiring import Footnote
from bot.worker import Worker
from bot.worker_process import WorkerProcess
from retrieval.errors import StoreUnavailable
from retrieval.postgres.topics import PostgresTopics
from retrieval.postgres.transcripts import PostgresTranscripts

Announce = Callable[[Mapping[str, object]], None]
Connections = Mapping[Platform, SlackPlatform | DiscordPlatform]

HEALTH_SECONDS = 3.0
"""How long the database may take to answer before it counts as down."""

_log = logging.getLogger(__name__)


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


async def serve_platforms(
    footnote: Footnote,
    *,
    slack: bool,
    discord: bool,
    announce: Announce,
    worker: WorkerProcess | None = None,
) -> None:
    """Receive from the platforms until cancelled; `announce` is told once they are connected.

    It is told `ready`, a `summary` for people, and `http`: the base address of the HTTP server, or
    None where there is none. `worker` answers what comes in; without one, that is for others.

    Raises ConnectionRefused, SettingsInvalid, WorkerFailed.
    """
    async with _connect_platforms(footnote, worker, slack=slack, discord=discord) as parts:
        work = [platform.run() for platform in parts.platforms.values()]
        if worker is not None:
            work.append(worker.run())
        await _run_together(*work, _announce_when_ready(parts, worker, announce))


async def work_for_platforms(
    footnote: Footnote, *, slack: bool, discord: bool, announce: Announce
) -> None:
    """Answer what was received, until cancelled; `announce` is told as by `serve_platforms`.

    Raises ConnectionRefused, SettingsInvalid.
    """
    async with (
        _connect_platforms(footnote, None, slack=slack, discord=discord) as parts,
        _open_enclosures(footnote, parts.platforms) as enclosures,
    ):
        await footnote.warm_up()
        announce({"ready": True, "summary": ", ".join(parts.names), "http": None})
        await _build_worker(footnote, parts, enclosures).run()


@dataclass(frozen=True, slots=True)
class Parts:
    """What both receiving and answering need. `names` are what people call the places."""

    queue: PostgresJobQueue
    inbox: PostgresInbox
    rights: Rights
    editor: ChannelEditor
    cases: Cases
    front: Front
    platforms: Connections
    directories: Mapping[Platform, Directory]
    names: Sequence[str]


@asynccontextmanager
async def _connect_platforms(
    footnote: Footnote, worker: WorkerProcess | None, *, slack: bool, discord: bool
) -> AsyncIterator[Parts]:
    """The parts, with the accounts of the platforms checked and linked."""
    settings = footnote.settings
    wanted = _choose_platforms(settings, slack=slack, discord=discord)
    async with AsyncExitStack() as stack:
        queue = await stack.enter_async_context(
            PostgresJobQueue(footnote.database_url, wanted, workers=settings.workers)
        )
        inbox = PostgresInbox(footnote.pool, queue)
        workspaces = PostgresWorkspaces(
            footnote.pool,
            allowed=settings.workspaces,
            each_its_own=settings.slack_tenants == "each",
        )
        platforms: dict[Platform, SlackPlatform | DiscordPlatform] = {}
        directories: dict[Platform, Directory] = {}
        rights = Rights(PostgresAdmins(footnote.pool), directories, listed=settings.admins)
        editor = ChannelEditor(
            footnote.channels, footnote.knowledge, lambda platform: platforms[platform].reads_all
        )
        admin_forms = AdminForms(
            sources=footnote.knowledge,
            rights=rights,
            workspaces=workspaces,
            audit=PostgresAudit(footnote.pool),
            channel=ChannelForm(editor),
            folders=settings.chat_folders,
        )
        scopes = Scopes(directories)
        shelf = Shelf(footnote.searcher, footnote.knowledge, scopes)
        cases = Cases(inbox, footnote.answers, footnote.searcher, directories)
        front = Front(
            intake=InboxIntake(inbox, workspaces, footnote.channels, triage),
            workspaces=workspaces,
            source_names=AdminSuggestions(rights, footnote.knowledge, workspaces),
            shelf=shelf,
            readable_names=ReadableNames(shelf, workspaces),
            desk=FormDesks({"answer": RatingDesk(cases, footnote.votes, workspaces)}, admin_forms),
            kinds=admin_forms.list_kinds(),
            changes=PostgresRightsChanges(footnote.pool),
            prompts=SourcePrompts(
                PostgresTopics(footnote.pool),
                scopes=Scopes(directories),
                channels=footnote.channels,
                workspaces=workspaces,
            ),
        )
        if Platform.SLACK in wanted:
            platforms[Platform.SLACK] = _build_slack(
                footnote, front, lambda: find_fault(footnote.pool, platforms, worker)
            )
        if Platform.DISCORD in wanted:
            platforms[Platform.DISCORD] = _build_discord(footnote, front)
        directories |= {platform: each.directory for platform, each in platforms.items()}
        names = []
        for platform in platforms.values():
            name = await _connect(platform)
            stack.push_async_callback(platform.close)
            names.append(name)
            _log.info("Connected to %s", name)
        yield Parts(queue, inbox, rights, editor, cases, front, platforms, directories, names)


async def find_fault(
    pool: Pool, platforms: Connections, worker: WorkerProcess | None = None
) -> str:
    """Why this process cannot do its work now; empty when it can."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS), connect(pool) as connection:
            await connection.execute("SELECT 1")
    except (StoreUnavailable, TimeoutError):
        return "the database does not answer"
    cut_off = [name.title() for name, each in platforms.items() if not each.is_receiving]
    if cut_off:
        return f"not connected to {', '.join(cut_off)}"
    return "no questions are answered" if worker is not None and not worker.is_ready else ""


async def _run_together(*work: Coroutine[object, object, None]) -> None:
    """Run until cancelled or until one fails, whose error is raised without its group."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as failures:
        raise _find_first(failures) from failures


def _find_first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _choose_platforms(settings: Settings, *, slack: bool, discord: bool) -> list[Platform]:
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


async def _connect(platform: SlackPlatform | DiscordPlatform) -> str:
    """Connect; returns what people call the place."""
    if isinstance(platform, SlackPlatform):
        identity = await platform.connect()
        return f"Slack ({identity.team_name if identity else 'every workspace that installs it'})"
    guilds = (await platform.connect()).guilds.values()
    return f"Discord ({', '.join(guilds) or 'in no server yet'})"


async def _announce_when_ready(
    parts: Parts, worker: WorkerProcess | None, announce: Announce
) -> None:
    address = None
    for platform in parts.platforms.values():
        await platform.wait_until_receiving()
        if isinstance(platform, SlackPlatform) and platform.http is not None:
            address = platform.http.address
    if worker is not None:
        await worker.wait_until_ready()
    announce({"ready": True, "summary": ", ".join(parts.names), "http": address})


def _build_slack(
    footnote: Footnote, front: Front, check_health: Callable[[], Awaitable[str]]
) -> SlackPlatform:
    settings = footnote.settings
    bot_token, app_token = settings.slack_bot_token, settings.slack_app_token
    secret = settings.slack_signing_secret
    return build_slack(
        bot_token=bot_token.get_secret_value() if bot_token else None,
        oauth=_find_oauth_app(footnote),
        intake=front.intake,
        workspaces=front.workspaces,
        desk=front.desk,
        source_names=front.source_names,
        transcripts=PostgresTranscripts(footnote.pool),
        prompts=front.prompts,
        app_token=app_token.get_secret_value() if app_token else None,
        signing_secret=secret.get_secret_value() if secret else None,
        api_url=settings.slack_api_url,
        host=settings.host,
        port=settings.port,
        check_health=check_health,
        changes=front.changes,
        rights_seconds=settings.rights_minutes * 60,
        guests_are_members=settings.guests_are_members,
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


def _build_discord(footnote: Footnote, front: Front) -> DiscordPlatform:
    settings = footnote.settings
    assert settings.discord_token is not None  # noqa: S101  # _choose_platforms has seen to it
    return build_discord(
        token=settings.discord_token.get_secret_value(),
        intake=front.intake,
        workspaces=front.workspaces,
        threads=PostgresThreads(footnote.pool),
        source_names=front.source_names,
        readable_names=front.readable_names,
        desk=front.desk,
        kinds=front.kinds,
        channels=footnote.channels,
        cursors=PostgresCursors(footnote.pool),
        span=timedelta(hours=settings.discord_catch_up_hours),
        roster=PostgresShardRoster(footnote.pool),
        shards=settings.discord_shards,
        digests=PostgresCommandDigests(footnote.pool),
        api_url=settings.discord_api_url,
        gateway_url=settings.discord_gateway_url,
        changes=front.changes,
        rights_seconds=settings.rights_minutes * 60,
    )


@asynccontextmanager
async def _open_enclosures(footnote: Footnote, platforms: Connections) -> AsyncIterator[Enclosures]:
    """What reads the files that come with questions."""
    settings = footnote.settings
    addresses = (settings.slack_api_url, settings.discord_api_url)
    async with open_download_client(
        settings.private_hosts, addresses, most=FILE_MEGABYTES * 2**20
    ) as http:
        stores: dict[Platform, FileStore] = {}
        for platform in platforms.values():
            if isinstance(platform, SlackPlatform):
                stores[Platform.SLACK] = SlackFiles(platform.accounts, http, addresses[0])
            else:
                stores[Platform.DISCORD] = DiscordFiles(http, addresses[1])
        yield Enclosures(stores, footnote.parser, read_clock)


def _build_worker(footnote: Footnote, parts: Parts, enclosures: Enclosures) -> Worker:
    queue, inbox = parts.queue, parts.inbox
    messengers: dict[Platform, Messenger] = {
        platform: each.messenger for platform, each in parts.platforms.items()
    }
    delivery = Delivery(PostgresOutbox(footnote.pool), messengers)
    offers = Offers(
        library=footnote.searcher,
        scopes=Scopes(parts.directories),
        channels=footnote.channels,
        delivery=delivery,
        inbox=inbox,
        preferences=PostgresPreferences(footnote.pool),
    )
    audit = PostgresAudit(footnote.pool)
    forgetting = Forgetting(PostgresKeepsakes(footnote.pool), footnote.assistant)
    guide = Guide(
        footnote.channels,
        footnote.searcher,
        Scopes(parts.directories).find_public,
        lambda platform: parts.platforms[platform].reads_all,
    )
    return Worker(
        jobs=queue,
        inbox=inbox,
        conversation=Conversation(
            inbox=inbox,
            delivery=delivery,
            assistant=footnote.assistant,
            directories=parts.directories,
            channels=footnote.channels,
            limits=Limits(
                PostgresAllowances(footnote.pool), footnote.settings.bounds, now=read_clock
            ),
            guide=guide,
            offers=offers,
            enclosures=enclosures,
            limit=footnote.settings.answer_seconds + 30,
        ),
        commands=Commands(
            inbox=inbox,
            delivery=delivery,
            rights=parts.rights,
            audit=audit,
            verbs=build_verbs(
                sources=footnote.knowledge,
                jobs=queue,
                audit=audit,
                messages=SyncMessages(inbox, delivery),
                editor=parts.editor,
                kinds={kind.value: kind.label for kind in parts.front.kinds},
                now=read_clock,
            ),
            guide=guide,
            people={
                **build_reading_verbs(parts.front.shelf, read_clock),
                "offers": offers.choose,
                **build_people_verbs(
                    cases=parts.cases,
                    inbox=inbox,
                    votes=footnote.votes,
                    callers=Callers(PostgresCalls(footnote.pool), footnote.channels, delivery),
                    withdrawals=Withdrawals(inbox, delivery, footnote.assistant),
                    beginnings=Beginnings(footnote.assistant),
                    more={"private": offers.accept},
                ),
                "forget": forgetting.perform,
            },
            lesser=build_lesser_verbs(parts.front.shelf, read_clock),
        ),
        syncs=SyncReporter(inbox=inbox, delivery=delivery, sources=footnote.knowledge, audit=audit),
        schedules=PostgresSchedules(footnote.pool, queue),
        delivery=delivery,
        waiting=WaitingRoom(
            PostgresWaitingLine(footnote.pool, list(parts.platforms)),
            delivery,
            footnote.channels,
            first=footnote.settings.queue_notice,
        ),
    )


def read_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)
