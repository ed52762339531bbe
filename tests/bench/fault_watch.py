"""What the bot said to each question of a fault run, read from the platforms themselves."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.emulators.discord import DiscordEmulator
from tests.emulators.journal import Entry
from tests.emulators.slack import SlackEmulator


@dataclass(slots=True)
class Asked:
    """One question: where it stands, when it was asked, and when an answer was first seen.

    `events` are the ids of the events by which Slack tells of it.
    """

    platform: str
    key: Any
    at: float
    answered: float | None = None
    events: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many questions, by platform: without an answer, with one that is wrong, with more than
    one at any time, and with more than one that stands. `oddities` are some of the wrong answers,
    and what became of the deliveries of what was lost.
    """

    lost: Counter[str]
    wrong: Counter[str]
    doubled: Counter[str]
    standing: Counter[str]
    oddities: Sequence[str]


class Watch:
    """Finds the answers to questions. In Slack the key of one is its channel and time, in Discord
    the id of its message.
    """

    def __init__(self, slack: SlackEmulator, discord: DiscordEmulator) -> None:
        self._slack = slack
        self._discord = discord
        self._replies: dict[str, dict[Any, list[Any]]] = {
            "slack": defaultdict(list),
            "discord": defaultdict(list),
        }
        self._read = {"slack": 0, "discord": 0}

    def find(self, asked: Asked) -> list[str]:
        """What stands there as an answer to a question, each message as its text."""
        show = self._show_in_slack if asked.platform == "slack" else self._show_in_discord
        shown = (show(reply) for reply in self._list_replies(asked))
        return [text for text in shown if text is not None]

    def judge(self, all_asked: Sequence[Asked], answer: str) -> Verdict:
        """What became of the questions, whose right answers hold these words."""
        verdict = Verdict(Counter(), Counter(), Counter(), Counter(), [])
        oddities = []
        for asked in all_asked:
            found = self.find(asked)
            if not found:
                verdict.lost[asked.platform] += 1
                oddities.append(f"lost, {asked.platform}: {self._trace_deliveries(asked)}")
            verdict.standing[asked.platform] += len(found) > 1
            verdict.doubled[asked.platform] += len(self._list_replies(asked)) > 1
            if found and not any(answer in text for text in found):
                verdict.wrong[asked.platform] += 1
                oddities.append(f"wrong, {asked.platform}: {found[0]}")
        return Verdict(verdict.lost, verdict.wrong, verdict.doubled, verdict.standing, oddities[:5])

    def _trace_deliveries(self, asked: Asked) -> str:
        entries = self._slack.journal.entries
        mine = [entry for entry in entries if entry.data.get("event_id") in asked.events]
        return ", ".join(entry.kind for entry in mine) or "delivered once"

    def _list_replies(self, asked: Asked) -> Sequence[Any]:
        """Every message that was posted for a question, deleted ones included."""
        self._catch_up("slack", self._slack.journal.entries, self._read_slack)
        self._catch_up("discord", self._discord.journal.entries, self._read_discord)
        return self._replies[asked.platform][asked.key]

    def _catch_up(
        self,
        platform: str,
        entries: Sequence[Entry],
        read: Callable[[Entry], Iterator[tuple[Any, Any]]],
    ) -> None:
        for entry in entries[self._read[platform] :]:
            for question, reply in read(entry):
                self._replies[platform][question].append(reply)
        self._read[platform] = len(entries)

    def _read_slack(self, entry: Entry) -> Iterator[tuple[Any, Any]]:
        data = entry.data
        if entry.kind == "message.posted" and data["user"] == self._slack.bot_user_id:
            yield (data["channel"], data["thread_ts"]), (data["channel"], data["ts"])

    def _read_discord(self, entry: Entry) -> Iterator[tuple[Any, Any]]:
        world = self._discord.world
        if entry.kind == "discord.message" and entry.data["author"] == str(world.bot.id):
            number = int(entry.data["id"])
            reference = world.messages[number].reference or {}
            yield int(reference.get("message_id") or 0), number

    def _show_in_slack(self, reply: tuple[str, str]) -> str | None:
        channel, ts = reply
        message = self._slack.workspace.channel(channel).messages.get(ts)
        return None if message is None else f"{message.text} {message.blocks}"

    def _show_in_discord(self, reply: int) -> str | None:
        message = self._discord.world.messages[reply]
        return None if message.deleted else f"{message.content}{message.components}"
