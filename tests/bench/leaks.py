"""Generated cases of tenant, channel, audience and role: does anybody see what is not for them?

Every text carries a secret word, and so does every source's name. A case lets somebody do
something, and looks for secrets in all that anybody sees of it: the reply tree with its links and
buttons, what was shown while it was made, and names that are suggested.
"""

import logging
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from random import Random

import psycopg

from bot.intake import ask_in_private
from bot.model import (
    ChannelKind,
    Command,
    IncomingMessage,
    Intent,
    ItemId,
    MessageKey,
    Person,
    Place,
    ThreadKey,
)
from bot.platforms.discord_client import DiscordClient
from bot.platforms.slack_account import SlackAccount
from bot.rendering.phrases.home import FOR_ADMINS
from bot.storage.rights import PostgresRightsChanges
from migrations.runner import migrate
from retrieval.model import EVERYONE, PUBLIC, Chunk, Document, Embeddings, Span, TenantId
from retrieval.postgres.embedded import run_embedded_postgres
from retrieval.postgres.loading import DocumentEntry
from retrieval.postgres.pool import Pool, open_pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from tests.bench.leak_bot import AT, LeakBot
from tests.bench.leak_worlds import DiscordWorld, SlackWorld, World
from tests.bench.report import Row, Section
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.fakes.embedder import InMemoryEmbedder
from tests.fakes.messenger import Posted

TOPICS = ("travel", "printer", "kitchen", "parking", "training", "office")
SOURCES, DOCUMENTS = 24, 3
"""Of each tenant, and of each source."""
CASES_A_CHANGE = 5

_SECRET = re.compile(r"zq[0-9a-f]{10}")


@dataclass(frozen=True, slots=True)
class Leak:
    """Somebody sees a secret that is not for them."""

    action: str
    person: str
    place: Place
    audience: Collection[str]
    text: str


@dataclass(slots=True)
class Findings:
    """How many cases there were of each kind, how many secrets were rightly seen, and the leaks."""

    cases: Counter[str] = field(default_factory=Counter)
    seen: int = 0
    leaks: list[Leak] = field(default_factory=list)


class Tenant:
    """A tenant's documents, its platform, and the bot there."""

    def __init__(self, name: str, world: World, pool: Pool, random: Random) -> None:
        self.id = TenantId(name)
        self.world = world
        self.random = random
        self.audiences: dict[str, tuple[frozenset[str], ...]] = {}
        """What each secret may be read by: the audience of a text, those of all texts of a source.
        """
        self._pool = pool
        self._embedder = InMemoryEmbedder()
        self._answered: list[IncomingMessage] = []
        self._whispered: list[IncomingMessage] = []
        self._numbers = 0

    async def fill(self) -> None:
        """Write the sources and documents."""
        records = PostgresSourceStore(self._pool)
        store = PostgresDocumentStore(self._pool, self._embedder.model)
        async with self._pool.connection() as connection:
            row = {"tenant": self.id}
            await connection.execute("INSERT INTO tenant (tenant_id) VALUES (%(tenant)s)", row)
        names = []
        for _ in range(SOURCES):
            name = self._make_secret()
            source = await records.add_source(self.id, name, "memory", {})
            entries = [await self._write(number) for number in range(DOCUMENTS)]
            await store.put_documents(source, entries)
            audiences = [entry.document.audience for entry in entries]
            self.audiences[name] = tuple(audiences)
            for entry in entries:
                self.audiences[entry.document.external_id] = (entry.document.audience,)
            names.append(name)
        self._bot = LeakBot(
            self.id,
            self.world,
            self._pool,
            self._embedder,
            names=sorted(names),
            secrets=list(self.audiences)[:20],
        )

    async def _write(self, number: int) -> DocumentEntry:
        secret, topic = self._make_secret(), self.random.choice(TOPICS)
        text = f"The {topic} budget is {secret} euros a year. The {topic} owner is {secret}."
        document = Document(
            external_id=secret,
            url=f"https://docs.test/{secret}",
            title=f"{topic.title()} {secret}",
            text=text,
            content_hash=sha256(text.encode()).hexdigest(),
            audience=self._choose_audience(),
            modified_at=AT,
        )
        chunk = Chunk(0, text, Span(0, len(text)), (f"Part {number} {secret}",), tokens=20)
        vectors = await self._embedder.embed_passages([text])
        return DocumentEntry(document, [chunk], Embeddings(vectors))

    def _make_secret(self) -> str:
        return f"zq{self.random.getrandbits(40):010x}"

    def _choose_audience(self) -> frozenset[str]:
        labels = self.world.list_labels()
        wide = self.random.choice((EVERYONE, PUBLIC, *self.random.sample(labels, 6)))
        return frozenset({wide, *self.random.sample(labels, self.random.randrange(2))})

    # What people do

    async def act(self, findings: Findings) -> None:
        """One case."""
        person = Person(self.random.choice(self.world.list_people()))
        places = self.world.list_places(person.id)
        place = self.random.choice(places) if places else self.world.find_direct(person.id)
        action = self.random.choice(
            ("mention", "mention", "whispered", "ask", "direct", "search", "list", "proof",
             "private", "suggest", "fail", "command", "help", "home")
        )  # fmt: skip
        if action == "home":
            findings.cases[action] += 1
            await self._open_home(findings, person)
            return
        if action in ("proof", "private") and not self._list_answered(place):
            action = "command"
        self._bot.messenger.posts.clear()
        self._bot.messenger.activities.clear()
        suggested: Sequence[str] = ()
        if action == "suggest":
            suggested = [
                n for names in self._bot.suggestions for n in await names.list_for(place, person)
            ]
        else:
            await self._perform(action, person, place)
        findings.cases[action] += 1
        is_admin = await self._bot.rights.is_admin(self.id, place, person)
        manages = is_admin and action in ("list", "command", "suggest")
        for posted in self._bot.messenger.posts:
            alone = posted.reply.private or posted.place == self.world.find_direct(person.id)
            readers = [person.id] if alone else self.world.list_readers(posted.place)
            # Those who manage sources see their names and what was read from them.
            if not manages:
                self._look(findings, action, readers, posted.place, _read_all(posted))
        if not manages:
            self._look(findings, action, [person.id], place, " ".join(suggested))
        shown = " ".join(self._bot.messenger.activities)
        private = action in ("ask", "direct", "private") or place.channel_kind is ChannelKind.DIRECT
        readers = [person.id] if private else self.world.list_readers(place)
        self._look(findings, action, readers, place, shown)

    async def _open_home(self, findings: Findings, person: Person) -> None:
        """Open the home page, and look at all of it; at the corner where they are no admin."""
        direct = self.world.find_direct(person.id)
        home = await self._bot.pages.compose(direct, person, replied=self.random.random() < 0.5)
        own = [part for part in home.sections if part.title != FOR_ADMINS.en]
        is_admin = await self._bot.rights.is_admin(self.id, direct, person)
        shown = replace(home, sections=tuple(own)) if is_admin else home
        self._look(findings, "home", [person.id], direct, repr(shown))

    async def _perform(self, action: str, person: Person, place: Place) -> None:
        topic = self.random.choice(TOPICS)
        question = self.random.choice(
            (f"What is the {topic} budget?", f"Who is the {topic} owner?", f"And for {topic}?")
        )
        earlier = self._list_answered(place)
        match action:
            case "mention":
                thread = self.random.choice(earlier).thread if earlier else None
                await self._ask(question, person, place, Intent.MENTION, thread)
            case "whispered":
                thread = self.random.choice(earlier).thread if earlier else None
                await self._ask(question, person, place, Intent.MENTION, thread, alone=True)
            case "ask":
                await self._ask(question, person, place, Intent.ASK)
            case "direct":
                home = self.world.find_direct(person.id)
                await self._ask(question, person, home, Intent.DIRECT, ThreadKey(home.channel))
            case "fail":
                await self._ask(question, person, place, Intent.MENTION, failing=True)
            case "help":
                await self._command("help", person, place)
            case "search":
                await self._command(f"search {topic} budget", person, place)
            case "list":
                await self._command("sources list", person, place)
            case "proof" | "private":
                shown = self.random.choice(("proof", "sources", "passage"))
                verb = shown if action == "proof" else action
                asked = [*earlier, *(each for each in self._whispered if each.place == place)]
                item = self.random.choice(asked).message
                number = f" {self.random.randint(1, 3)}" if verb == "passage" else ""
                await self._command(f"answer {verb} {item}{number}", person, place)
                await self._answer_queued()
            case _:
                name = self.random.choice(list(self.audiences))
                verb = self.random.choice(("doc", "sources remove", "sync", "search in:nothing"))
                await self._command(f"{verb} {name[:4]}", person, place)

    def _list_answered(self, place: Place) -> Sequence[IncomingMessage]:
        """The latest public questions of a place."""
        return [each for each in self._answered if each.place == place][-8:]

    async def _ask(
        self,
        text: str,
        person: Person,
        place: Place,
        intent: Intent,
        thread: ThreadKey | None = None,
        *,
        failing: bool = False,
        alone: bool = False,
    ) -> None:
        """`alone`: the channel is set to answers that only the asker sees."""
        key = MessageKey(f"{self.id}-{self._count()}")
        message = IncomingMessage(
            event=key,
            message=key,
            thread=thread if thread and self.random.random() < 0.4 else ThreadKey(key),
            place=place,
            person=person,
            intent=intent,
            text=text,
            at=AT,
            reply_token={"user": person.id},
        )
        if alone and place.channel_kind is not ChannelKind.DIRECT:
            message = ask_in_private(message)
            self._whispered.append(message)
        await self._bot.inbox.put_question(self.id, message)
        conversation = self._bot.failing if failing else self._bot.conversation
        while await conversation.answer(self.id, ItemId(key)) is not None:
            pass
        if message.intent is Intent.MENTION and not failing:
            self._answered.append(message)

    async def _command(self, words: str, person: Person, place: Place) -> None:
        name, *rest = words.split()
        event = f"{self.id}-{self._count()}"
        command = Command(event, name, tuple(rest), place, person, AT, {"user": person.id})
        await self._bot.inbox.put_command(self.id, command)
        await self._bot.commands.perform(self.id, ItemId(event))

    async def _answer_queued(self) -> None:
        """Answer what a button has put into the inbox."""
        for item, entry in list(self._bot.inbox.items.items()):
            if entry.question is not None and entry.state == "queued":
                await self._bot.conversation.answer(self.id, ItemId(item))

    def _count(self) -> int:
        self._numbers += 1
        return self._numbers

    def _look(
        self, findings: Findings, action: str, readers: Collection[str], place: Place, text: str
    ) -> None:
        for secret in set(_SECRET.findall(text)):
            audiences = self.audiences.get(secret)
            for reader in readers:
                allowed = audiences is not None and any(
                    self.world.may_read(reader, audience) for audience in audiences
                )
                findings.seen += allowed
                if not allowed:
                    leak = Leak(action, reader, place, audiences or (), text)
                    findings.leaks.append(leak)


def _read_all(posted: Posted) -> str:
    """Everything that a reply holds, seen or not, and what it held before."""
    return " ".join(map(repr, (posted.reply, *posted.history)))


@asynccontextmanager
async def open_tenants(pool: Pool, random: Random) -> AsyncIterator[Sequence[Tenant]]:
    """One tenant a platform, side by side in one store."""
    changes = PostgresRightsChanges(pool)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(SlackEmulator())
        account = SlackAccount(slack.bot_token, api_url=slack.api_url)
        await account.open()
        stack.push_async_callback(account.close)
        discord = await stack.enter_async_context(DiscordEmulator())
        client = DiscordClient(
            discord.bot_token, api_url=discord.api_url, gateway_url=discord.gateway_url
        )
        stack.push_async_callback(client.close)
        worlds = (SlackWorld(slack, account, changes), DiscordWorld(discord, client, changes))
        tenants = []
        for name, world in zip(("acme", "umbrella"), worlds, strict=True):
            await world.furnish(random)
            tenant = Tenant(name, world, pool, random)
            await tenant.fill()
            tenants.append(tenant)
        yield tenants


async def look_for_leaks(pool: Pool, cases: int, seed: int = 1, *, first: bool = False) -> Findings:
    """Try cases in a store of its own; the same seed makes the same cases.

    `first` ends with the first leak.
    """
    random, findings = Random(seed), Findings()
    async with open_tenants(pool, random) as tenants:
        for number in range(cases):
            tenant = tenants[number % len(tenants)]
            if number % CASES_A_CHANGE == 0:
                await tenant.world.change(random)
            await tenant.act(findings)
            if first and findings.leaks:
                break
    return findings


async def measure_leaks(cases: int) -> Section:
    """One row a kind of case, in a database of its own."""
    logging.disable(logging.CRITICAL)  # failures are among the cases, and each leaves a traceback
    with tempfile.TemporaryDirectory() as folder:
        async with run_embedded_postgres(Path(folder)) as url:
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
                await migrate(connection)
            async with open_pool(url, size=4) as pool:
                findings = await look_for_leaks(pool, cases)
    logging.disable(logging.NOTSET)
    rows: list[Row] = [
        {
            "what somebody did": action,
            "cases": count,
            "leaks": sum(leak.action == action for leak in findings.leaks),
        }
        for action, count in sorted(findings.cases.items())
    ]
    note = (
        f"{findings.cases.total():,} cases, {len(findings.leaks)} leaks; secrets were seen "
        f"{findings.seen:,} times by those whom they are for"
    )
    return Section("leaks", "What people see that is not for them", rows, (note,))
