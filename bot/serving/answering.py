"""What answers questions and carries out commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.admin.sync_orders import SyncMessages
from bot.admin.verbs import build_verbs
from bot.answers.calls import Callers
from bot.answers.forgetting import Forgetting
from bot.answers.verbs import build_people_verbs
from bot.answers.withdrawals import Beginnings, Withdrawals
from bot.channels.guide import Guide
from bot.channels.limits import Limits
from bot.clock import read_clock
from bot.commands import Commands
from bot.conversation import Conversation
from bot.delivery import Delivery
from bot.enclosures import FILE_MEGABYTES, Enclosures
from bot.model import Platform
from bot.people.preferences import PreferenceVerbs
from bot.platforms.downloads import DiscordFiles, SlackFiles, open_download_client
from bot.platforms.slack_platform import SlackPlatform
from bot.ports import FileStore, Messenger
from bot.reading.offers import Offers
from bot.reading.verbs import build_lesser_verbs, build_reading_verbs
from bot.serving.parts import Parts
from bot.serving.platforms import Connections
from bot.storage.allowances import PostgresAllowances
from bot.storage.directory import PostgresAudit
from bot.storage.feedback import PostgresCalls
from bot.storage.keepsakes import PostgresKeepsakes
from bot.storage.outbox import PostgresOutbox
from bot.storage.preferences import PostgresPreferences
from bot.storage.schedules import PostgresSchedules
from bot.storage.waiting import PostgresWaitingLine
from bot.syncing import SyncReporter
from bot.waiting import WaitingRoom
from bot.wiring import Footnote
from bot.worker import Worker


@asynccontextmanager
async def open_enclosures(footnote: Footnote, platforms: Connections) -> AsyncIterator[Enclosures]:
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


def build_worker(footnote: Footnote, parts: Parts, enclosures: Enclosures) -> Worker:
    """What works through the queue."""
    messengers: dict[Platform, Messenger] = {
        platform: each.messenger for platform, each in parts.platforms.items()
    }
    delivery = Delivery(PostgresOutbox(footnote.pool), messengers)
    audit = PostgresAudit(footnote.pool)
    offers = Offers(
        library=footnote.searcher,
        scopes=parts.scopes,
        channels=footnote.channels,
        delivery=delivery,
        inbox=parts.inbox,
        preferences=PostgresPreferences(footnote.pool),
        records=footnote.answers,
    )
    guide = Guide(
        footnote.channels,
        footnote.searcher,
        parts.scopes.find_public,
        lambda platform: parts.platforms[platform].reads_all,
    )
    return Worker(
        jobs=parts.queue,
        inbox=parts.inbox,
        conversation=_build_conversation(
            footnote, parts, enclosures, delivery=delivery, guide=guide, offers=offers
        ),
        commands=_build_commands(
            footnote, parts, delivery=delivery, audit=audit, guide=guide, offers=offers
        ),
        syncs=SyncReporter(
            inbox=parts.inbox, delivery=delivery, sources=footnote.knowledge, audit=audit
        ),
        schedules=PostgresSchedules(footnote.pool, parts.queue),
        delivery=delivery,
        waiting=WaitingRoom(
            PostgresWaitingLine(footnote.pool, list(parts.platforms)),
            delivery,
            footnote.channels,
            first=footnote.settings.queue_notice,
            most=footnote.settings.queue_limit,
        ),
    )


def _build_conversation(
    footnote: Footnote,
    parts: Parts,
    enclosures: Enclosures,
    *,
    delivery: Delivery,
    guide: Guide,
    offers: Offers,
) -> Conversation:
    bounds = footnote.settings.bounds
    return Conversation(
        inbox=parts.inbox,
        delivery=delivery,
        assistant=footnote.assistant,
        directories=parts.directories,
        channels=footnote.channels,
        limits=Limits(PostgresAllowances(footnote.pool), bounds, now=read_clock),
        guide=guide,
        offers=offers,
        enclosures=enclosures,
        limit=footnote.settings.answer_seconds + 30,
    )


def _build_commands(
    footnote: Footnote,
    parts: Parts,
    *,
    delivery: Delivery,
    audit: PostgresAudit,
    guide: Guide,
    offers: Offers,
) -> Commands:
    shelf = parts.front.shelf
    people = build_people_verbs(
        cases=parts.cases,
        inbox=parts.inbox,
        votes=footnote.votes,
        callers=Callers(PostgresCalls(footnote.pool), footnote.channels, delivery),
        withdrawals=Withdrawals(parts.inbox, delivery, footnote.assistant),
        beginnings=Beginnings(footnote.assistant),
        more={"private": offers.accept},
    )
    store = PostgresPreferences(footnote.pool)
    preferences = PreferenceVerbs(store, footnote.channels)
    forgetting = Forgetting(
        PostgresKeepsakes(footnote.pool), footnote.assistant, store, footnote.channels
    )
    return Commands(
        inbox=parts.inbox,
        delivery=delivery,
        rights=parts.rights,
        audit=audit,
        verbs=build_verbs(
            sources=footnote.knowledge,
            jobs=parts.queue,
            audit=audit,
            messages=SyncMessages(parts.inbox, delivery),
            editor=parts.editor,
            kinds={kind.value: kind.label for kind in parts.front.kinds},
            now=read_clock,
        ),
        channels=footnote.channels,
        guide=guide,
        people={
            **build_reading_verbs(shelf, footnote.channels, read_clock),
            "preferences": preferences.perform,
            "offers": preferences.choose_offers,
            **people,
            "forget": forgetting.perform,
        },
        lesser=build_lesser_verbs(shelf, footnote.channels, read_clock),
    )
