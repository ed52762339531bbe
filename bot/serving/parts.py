"""What both receiving and answering need."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from agents.llm import triage
from bot.admin.channel_form import ChannelForm
from bot.admin.forms import AdminForms
from bot.answers.cases import Cases
from bot.answers.rating import RatingDesk
from bot.channels.editor import ChannelEditor
from bot.clock import read_clock
from bot.desks import FormDesks
from bot.intake import InboxIntake
from bot.model import Platform
from bot.people.home import HomePages
from bot.platforms.discord_platform import DiscordPlatform
from bot.platforms.slack_platform import SlackPlatform
from bot.ports import Directory
from bot.prompts import SourcePrompts
from bot.queue import PostgresJobQueue
from bot.reading.shelf import Shelf
from bot.reading.suggestions import ReadableNames
from bot.rights import AdminSuggestions, Rights
from bot.scopes import Scopes
from bot.serving.health import find_fault
from bot.serving.platforms import (
    Connections,
    Front,
    build_discord_platform,
    build_slack_platform,
    choose_platforms,
    connect_account,
)
from bot.storage.directory import PostgresAdmins, PostgresAudit, PostgresWorkspaces
from bot.storage.inbox import PostgresInbox
from bot.storage.preferences import PostgresPreferences
from bot.storage.rights import PostgresRightsChanges
from bot.wiring import Footnote
from bot.worker_process import WorkerProcess
from retrieval.postgres.catalog import PostgresCatalog
from retrieval.postgres.topics import PostgresTopics

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parts:
    """What both receiving and answering need. `names` are what people call the places."""

    queue: PostgresJobQueue
    inbox: PostgresInbox
    rights: Rights
    editor: ChannelEditor
    scopes: Scopes
    cases: Cases
    front: Front
    platforms: Connections
    directories: Mapping[Platform, Directory]
    names: list[str]


@asynccontextmanager
async def connect_platforms(
    footnote: Footnote, worker: WorkerProcess | None, *, slack: bool, discord: bool
) -> AsyncIterator[Parts]:
    """The parts, with the accounts of the platforms checked and linked."""
    settings = footnote.settings
    wanted = choose_platforms(settings, slack=slack, discord=discord)
    async with AsyncExitStack() as stack:
        queue = await stack.enter_async_context(
            PostgresJobQueue(footnote.database_url, wanted, workers=settings.workers)
        )
        parts = _build_parts(footnote, queue, wanted, worker)
        for platform in parts.platforms.values():
            name = await connect_account(platform)
            stack.push_async_callback(platform.close)
            parts.names.append(name)
            _log.info("Connected to %s", name)
        yield parts


def _build_parts(
    footnote: Footnote,
    queue: PostgresJobQueue,
    wanted: Sequence[Platform],
    worker: WorkerProcess | None,
) -> Parts:
    """The parts, which know each other's platforms by these two mappings once they are built."""
    platforms: dict[Platform, SlackPlatform | DiscordPlatform] = {}
    directories: dict[Platform, Directory] = {}
    settings = footnote.settings
    inbox = PostgresInbox(footnote.pool, queue)
    rights = Rights(PostgresAdmins(footnote.pool), directories, listed=settings.admins)
    editor = ChannelEditor(
        footnote.channels, footnote.knowledge, lambda platform: platforms[platform].reads_all
    )
    scopes = Scopes(directories)
    cases = Cases(inbox, footnote.answers, footnote.searcher, directories, footnote.channels)
    front = _build_front(footnote, inbox, rights=rights, editor=editor, scopes=scopes, cases=cases)
    if Platform.SLACK in wanted:
        platforms[Platform.SLACK] = build_slack_platform(
            footnote, front, lambda: find_fault(footnote.pool, platforms, worker)
        )
    if Platform.DISCORD in wanted:
        platforms[Platform.DISCORD] = build_discord_platform(footnote, front)
    directories |= {platform: each.directory for platform, each in platforms.items()}
    return Parts(queue, inbox, rights, editor, scopes, cases, front, platforms, directories, [])


def _build_front(
    footnote: Footnote,
    inbox: PostgresInbox,
    *,
    rights: Rights,
    editor: ChannelEditor,
    scopes: Scopes,
    cases: Cases,
) -> Front:
    settings = footnote.settings
    workspaces = PostgresWorkspaces(
        footnote.pool, allowed=settings.workspaces, each_its_own=settings.slack_tenants == "each"
    )
    admin_forms = AdminForms(
        sources=footnote.knowledge,
        rights=rights,
        workspaces=workspaces,
        audit=PostgresAudit(footnote.pool),
        channel=ChannelForm(editor),
        folders=settings.chat_folders,
    )
    prompts = SourcePrompts(
        PostgresTopics(footnote.pool),
        scopes=scopes,
        channels=footnote.channels,
        workspaces=workspaces,
    )
    shelf = Shelf(footnote.searcher, PostgresCatalog(footnote.pool), scopes)
    return Front(
        intake=InboxIntake(inbox, workspaces, footnote.channels, triage),
        workspaces=workspaces,
        source_names=AdminSuggestions(rights, footnote.knowledge, workspaces),
        shelf=shelf,
        readable_names=ReadableNames(shelf, workspaces),
        desk=FormDesks({"answer": RatingDesk(cases, footnote.votes, workspaces)}, admin_forms),
        kinds=admin_forms.list_kinds(),
        changes=PostgresRightsChanges(footnote.pool),
        prompts=prompts,
        homes=HomePages(
            workspaces=workspaces,
            scopes=scopes,
            shelf=shelf,
            channels=footnote.channels,
            preferences=PostgresPreferences(footnote.pool),
            prompts=prompts,
            rights=rights,
            sources=footnote.knowledge,
            now=read_clock,
        ),
    )
