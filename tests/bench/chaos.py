"""Questions on both platforms while processes are killed, posts fail and the database restarts."""

import asyncio
import math
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg

from retrieval.evaluation.metrics import percentile
from tests.acceptance.program import (
    HANDBOOK,
    UNBOUNDED,
    point_at_discord,
    point_at_slack,
    write_documents,
)
from tests.bench.fault_watch import Asked, Verdict, Watch
from tests.bench.forks import is_alive, open_forks
from tests.bench.report import Row, Section
from tests.bench.troupe import LOOK, Database, Troupe
from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord.faults import Fault
from tests.emulators.slack import SlackEmulator

QUESTION = "What is the PIN of the printer?"
ANSWER = "4711"
CLOSED = ("done", "dead")
"""States of entries of the inbox that are finished."""
POSTS = ("chat.postMessage", "chat.update", "chat.startStream", "chat.stopStream")


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens. Shares are of 1; seconds where nothing else is said."""

    questions: int = 10_000
    asking: float = math.inf
    """Seconds after which no more questions are asked, however many there were."""
    at_once: int = 60
    duplicates: float = 0.05
    failing: float = 0.03
    kill_every: float = 1.0
    most_kills: int | None = None
    restarts: int = 2
    down: float = 3.0
    redelivery: tuple[float, ...] = (0.0, 60.0, 300.0)
    patience: float = 600.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the questions. `states` are entries of the inbox by state."""

    asked: Sequence[Asked]
    verdict: Verdict
    kills: int
    restarts: int
    seconds: float
    states: Mapping[str, int]


class Chaos:
    """One run of a plan."""

    def __init__(
        self,
        plan: Plan,
        slack: SlackEmulator,
        discord: DiscordEmulator,
        troupe: Troupe,
        database: Database,
    ) -> None:
        self._plan = plan
        self._slack = slack
        self._discord = discord
        self._troupe = troupe
        self._database = database
        self.watch = Watch(slack, discord)
        self._chance = random.Random(plan.seed)
        self._open: dict[int, Asked] = {}
        self._began = time.monotonic()
        self.asked: list[Asked] = []
        self.restarts = 0
        self._over = False

    async def run(self) -> float:
        """Ask all questions under faults, then wait for the answers; the seconds that it took."""
        self._began = time.monotonic()
        self._add_faults()
        async with asyncio.TaskGroup() as group:
            trouble = group.create_task(self._make_trouble())
            while self._share() < 1 or self.restarts < self._plan.restarts:
                self._look()
                while len(self._open) < self._plan.at_once and self._share() < 1:
                    await self._ask()
                await asyncio.sleep(LOOK)
            # A restart that has begun is to be ended.
            self._over = True
            await trouble
        self._slack.faults.clear()
        self._discord.faults.clear()
        await self._wait_for_answers()
        return time.monotonic() - self._began

    async def _wait_for_answers(self) -> None:
        deadline = time.monotonic() + self._plan.patience
        while self._open and time.monotonic() < deadline:
            await self._troupe.mend()
            is_over = await self._is_over()
            self._look()
            if is_over:
                break
            await asyncio.sleep(LOOK)

    def _share(self) -> float:
        """How much of the plan's questions, or of its time, is used up."""
        elapsed = time.monotonic() - self._began
        return max(len(self.asked) / self._plan.questions, elapsed / self._plan.asking)

    async def _is_over(self) -> bool:
        """Whether every question was taken down and finished, rightly or wrongly."""
        states = await _count_states(self._database.url)
        closed = sum(states.get(state, 0) for state in CLOSED)
        return closed == sum(states.values()) >= len(self.asked)

    def _look(self) -> None:
        now = time.monotonic()
        for number, asked in list(self._open.items()):
            if any(ANSWER in text for text in self.watch.find(asked)):
                asked.answered = now
                del self._open[number]

    async def _ask(self) -> None:
        again = self._chance.random() < self._plan.duplicates
        if len(self.asked) % 2:
            told = await self._discord.driver.mention("ben", "#help", QUESTION)
            asked = Asked("discord", int(told["id"]), time.monotonic())
            if again:
                await self._discord.driver.redeliver(told)
        else:
            told = await self._slack.driver.mention(
                "bruno", "help", QUESTION, duplicates=int(again)
            )
            key = told["channel"], told["ts"]
            asked = Asked("slack", key, time.monotonic(), events=told["event_ids"])
        self._open[len(self.asked)] = asked
        self.asked.append(asked)

    def _add_faults(self) -> None:
        each = self._plan.failing / 3
        for method in POSTS:
            for kind in ("server_error", "lost_response", "rate_limited"):
                self._slack.faults.add(method, kind, share=each, times=None)
        for kind in ("error", "lost", "rate_limit"):
            for method, path in (
                ("POST", "/channels/*/messages"),
                ("PATCH", "/channels/*/messages/*"),
            ):
                self._discord.faults.add(Fault(kind, method, path, times=None, share=each))

    async def _make_trouble(self) -> None:
        most = self._plan.most_kills
        while not self._over:
            await asyncio.sleep(self._plan.kill_every * self._chance.uniform(0.5, 1.5))
            if most is None or self._troupe.kills < most:
                await self._troupe.kill_one()
            await self._troupe.mend()
            due = (self.restarts + 1) / (self._plan.restarts + 1)
            if self.restarts < self._plan.restarts and self._share() >= due:
                self.restarts += 1
                await self._database.restart(self._plan.down)


async def play(plan: Plan, folder: Path, program: str = "tests.bench.forks") -> Outcome:
    """Carry out a plan with a database, documents and platforms of its own.

    `program` is the module from which the program's processes are forked.
    """
    database = Database(folder / "postgres")
    write_documents(folder / "handbook", HANDBOOK)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(database.open())
        slack = await stack.enter_async_context(SlackEmulator())
        discord = await stack.enter_async_context(DiscordEmulator())
        slack.backend.courier.retry_delays = plan.redelivery
        forks = await stack.enter_async_context(open_forks(program))
        reached = point_at_slack(slack) | point_at_discord(discord)
        environment = {"DATABASE_URL": url, **reached, **UNBOUNDED}

        async def start(arguments: Sequence[str]) -> int:
            log = folder / "program.log"
            return await forks.start(*arguments, environment=environment, folder=folder, log=log)

        for order in (
            ("sources", "add", "handbook", str(folder / "handbook")),
            ("sync", "handbook"),
        ):
            number = await start(order)
            while is_alive(number):
                await asyncio.sleep(LOOK)
        troupe = Troupe(start, random.Random(plan.seed + 1))
        await troupe.begin()
        try:
            await slack.driver.wait_for_sockets(4, timeout=120)
            chaos = Chaos(plan, slack, discord, troupe, database)
            seconds = await chaos.run()
            await _wait_until_swept(url, plan.patience)
        finally:
            await troupe.end()
        states = await _count_states(url)
        verdict = chaos.watch.judge(chaos.asked, ANSWER)
    return Outcome(chaos.asked, verdict, troupe.kills, chaos.restarts, seconds, states)


async def _wait_until_swept(url: str, patience: float) -> None:
    """Wait until no letter is in doubt and no entry of the inbox is open."""
    condition = """
        SELECT NOT EXISTS (SELECT FROM outbox WHERE doubtful)
            AND NOT EXISTS (SELECT FROM inbox WHERE state <> ALL (%s))
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            row = await (await connection.execute(condition, [list(CLOSED)])).fetchone()
            if row is not None and row[0]:
                return
            await asyncio.sleep(LOOK)


async def _count_states(url: str) -> dict[str, int]:
    """Entries of the inbox by state."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        cursor = await connection.execute("SELECT state, count(*) FROM inbox GROUP BY state")
        return {str(state): int(count) for state, count in await cursor.fetchall()}


async def measure_chaos(questions: int, minutes: float) -> Section:
    """One row for each platform; asked is for at most so many minutes."""
    plan = Plan(questions=questions, asking=minutes * 60)
    with tempfile.TemporaryDirectory(prefix="footnote-chaos-") as folder:
        return tabulate(await play(plan, Path(folder)))


def tabulate(outcome: Outcome) -> Section:
    """The figures beside their goals."""
    rows: list[Row] = []
    for platform in ("slack", "discord"):
        mine = [asked for asked in outcome.asked if asked.platform == platform]
        waited = [asked.answered - asked.at for asked in mine if asked.answered is not None]
        rows.append(
            {
                "platform": platform,
                "questions": len(mine),
                "lost": outcome.verdict.lost[platform],
                "wrong": outcome.verdict.wrong[platform],
                "twice": outcome.verdict.doubled[platform],
                "twice after the sweep": outcome.verdict.standing[platform],
                "p50 s": percentile(waited, 50) if waited else "–",
                "p95 s": percentile(waited, 95) if waited else "–",
                "max s": max(waited, default="–"),
            }
        )
    return Section(
        "chaos",
        "Questions while processes are killed, posts fail and the database restarts",
        rows,
        [
            f"{outcome.kills} processes killed with -9, {outcome.restarts} restarts of PostgreSQL",
            f"{outcome.seconds:.0f} s in all; the inbox by state: {dict(outcome.states)}",
            "goals: 0 lost; Discord 0 twice; Slack 1 in 1,000 twice, 0 after the sweep",
            "twice: more than one message was posted for it, however soon one was deleted",
            *(f"{oddity:.300}" for oddity in outcome.verdict.oddities),
        ],
    )
