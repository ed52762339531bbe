"""Commands and syncs with everything around them in memory."""

from collections.abc import Callable
from datetime import UTC, datetime

from bot.admin.sync_orders import SyncMessages
from bot.admin.verbs import build_verbs
from bot.answers.forgetting import Forgetting
from bot.channels.book import ChannelBook
from bot.channels.editor import ChannelEditor
from bot.commands import Commands
from bot.delivery import Delivery
from bot.model import ChannelSettings, Command, ItemId, Platform, SyncJob
from bot.rights import Rights
from bot.syncing import SyncReporter
from retrieval.model import TenantId
from tests.fakes.channels import (
    InMemoryChannelStore,
    InMemoryKeepsakes,
    InMemoryPreferences,
    make_guide,
)
from tests.fakes.intake import InMemoryAudit, InMemoryInbox, InMemoryJobs, InMemoryOutbox
from tests.fakes.knowledge import InMemoryKnowledge
from tests.fakes.messages import make_command
from tests.fakes.messenger import InMemoryDirectory, InMemoryMessenger

TENANT = TenantId("default")


NOW = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


class Scene:
    """Each look at the clock is `seconds` after the one before; `syncing` are at work already."""

    def __init__(
        self,
        sources: InMemoryKnowledge | None = None,
        *,
        admin: bool = True,
        syncing: tuple[str, ...] = (),
        directory: InMemoryDirectory | None = None,
        seconds: float = 10.0,
    ) -> None:
        self.messenger = InMemoryMessenger()
        self.outbox = InMemoryOutbox()
        self.inbox = InMemoryInbox(self.outbox)
        self.audit = InMemoryAudit()
        self.sources = sources or InMemoryKnowledge()
        self.preferences = InMemoryPreferences()
        self.book = ChannelBook(InMemoryChannelStore(), ChannelSettings(), self.preferences)
        self.keepsakes = InMemoryKeepsakes()
        self.reads_all = True
        self.slept: list[float] = []
        platforms = (Platform.SLACK, Platform.DISCORD)
        delivery = Delivery(self.outbox, dict.fromkeys(platforms, self.messenger))
        directories = dict.fromkeys(platforms, directory or InMemoryDirectory())
        listed = frozenset({"slack:U1"} if admin else ())
        self.jobs = InMemoryJobs(*syncing)
        self.commands = self._build_commands(
            delivery, Rights(self.audit, directories, listed=listed)
        )
        self.reporter = SyncReporter(
            inbox=self.inbox,
            delivery=delivery,
            sources=self.sources,
            audit=self.audit,
            clock=make_clock(seconds),
            now=lambda: NOW,
            sleep=self._sleep,
        )

    def _build_commands(self, delivery: Delivery, rights: Rights) -> Commands:
        forgetting = Forgetting(self.keepsakes, self.keepsakes, self.preferences, self.book)
        return Commands(
            inbox=self.inbox,
            delivery=delivery,
            rights=rights,
            audit=self.audit,
            verbs=build_verbs(
                sources=self.sources,
                jobs=self.jobs,
                audit=self.audit,
                messages=SyncMessages(self.inbox, delivery),
                editor=ChannelEditor(self.book, self.sources, lambda platform: self.reads_all),
                kinds={"website": "a website"},
                now=lambda: NOW,
            ),
            channels=self.book,
            guide=make_guide(self.book),
            people={"forget": forgetting.perform},
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def give(self, command: Command) -> ItemId:
        await self.inbox.put_command(TENANT, command)
        await self.commands.perform(TENANT, ItemId(command.event))
        return ItemId(command.event)

    async def say(self, words: str) -> str:
        """What the first message in reply says."""
        await self.give(make_command(words))
        return self.messenger.posts[0].text

    async def run_syncs(self) -> list[float | None]:
        jobs = [job for job in self.inbox.jobs if isinstance(job, SyncJob)]
        return [await self.reporter.run(job) for job in jobs]

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(entry.command, entry.outcome) for entry in self.audit.entries]


def make_clock(seconds: float) -> Callable[[], float]:
    state = [0.0]

    def tick() -> float:
        state[0] += seconds
        return state[0]

    return tick
