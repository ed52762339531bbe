"""What is set for channels, and what bounds their use."""

from dataclasses import dataclass
from enum import StrEnum

from agents.model import AnswerSettings


class ChannelMode(StrEnum):
    """What the bot answers in a channel, besides commands.

    mentions: what mentions it. threads: also what follows in threads where it has answered. auto:
    also questions to nobody in particular, where the answer is well founded.
    """

    MENTIONS = "mentions"
    THREADS = "threads"
    AUTO = "auto"


class Visibility(StrEnum):
    """Who sees the answer to a mention: the whole channel, or the asker alone."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """How the bot behaves in a channel and its threads.

    `sources` are names; empty: all that the channel may read. `hand_off` is who helps where the
    bot cannot, each as 'user:ID' or 'group:ID' (a role in Discord), in the order given. `budget` is
    how many questions are answered a day; None: no bound. `allowed_bots` are ids of other bots that
    may ask. `thread_per_question` opens a thread for each question (Discord).
    """

    mode: ChannelMode = ChannelMode.THREADS
    sources: frozenset[str] = frozenset()
    language: str = ""
    persona: str = ""
    remit: str = ""
    visibility: Visibility = Visibility.PUBLIC
    freshness_days: int | None = None
    hand_off: tuple[str, ...] = ()
    budget: int | None = None
    allowed_bots: frozenset[str] = frozenset()
    thread_per_question: bool = False

    @property
    def answering(self) -> AnswerSettings:
        """What the agent needs to know of it."""
        return AnswerSettings(self.persona, self.remit, self.language, self.freshness_days)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds everywhere; None: no bound.

    Questions in a minute of a person, in a channel and of a tenant: as many may come at once, and
    then so many a minute. Questions of a tenant in a day, and US dollars of a channel and of a
    tenant in a day. Days are those of UTC.
    """

    person: int | None = None
    channel: int | None = None
    tenant: int | None = None
    tenant_day: int | None = None
    channel_cost: float | None = None
    tenant_cost: float | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of something may be used: a level that each use raises by one, up to `most`.

    It falls by `drain` a second; 0: it stays, as in what has its day in its name.
    """

    name: str
    most: float
    drain: float
