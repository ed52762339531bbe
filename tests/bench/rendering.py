"""How answers in any Markdown come out: taken by both platforms, whole, balanced and inert."""

import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.errors import BotError
from bot.model import ChannelKind, Place, Platform
from bot.platforms.discord_client import DiscordClient
from bot.platforms.discord_messenger import DiscordMessenger
from bot.platforms.slack_account import SlackAccount
from bot.platforms.slack_messenger import SlackMessenger
from bot.rendering.compose import compose_answer
from bot.rendering.reply import Reply
from retrieval.evaluation.metrics import percentile
from tests.bench.answers import ModelAnswer, cite, load_answers
from tests.bench.report import Row, Section
from tests.bench.seen import Seen, see_discord, see_slack
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator

Post = Callable[[str, Reply], Awaitable[list[Seen]]]
"""Posts a reply for a key on a platform; what a person then sees, message by message."""

_WORD = re.compile(r"[^\W_]+|[\u2600-\u27bf\U0001f000-\U0001faff]")
_MARKS = re.compile(r"\[\s*\d{1,3}(?:\s*[,;]\s*\d{1,3})*\s*\]")
_ADDRESS = re.compile(
    r"(?:\b(?:[a-z][a-z0-9+.-]*://|mailto:|javascript:|data:)|www\.)[^\s<>\"'`|]+", re.IGNORECASE
)
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b\u2060]")


@dataclass(slots=True)
class Expected:
    """What of an answer must be seen: words in order, words of headers, and blocks of code."""

    words: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a rendered answer, in words."""

    fences: tuple[str, ...]
    lost: tuple[str, ...]
    unsafe: tuple[str, ...]


async def measure_rendering(answers: Sequence[ModelAnswer] = ()) -> Section:
    """One row a platform; every fault is named below. The whole corpus where none are given."""
    answers = answers or load_answers()
    rows: list[Row] = []
    notes: list[str] = []
    for name, world in (("Slack", _open_slack), ("Discord", _open_discord)):
        async with world() as post:
            row, faults = await _try_all(name, answers, post)
        rows.append(row)
        notes += faults
    return Section("rendering", f"{len(answers)} answers of models, rendered", rows, notes)


async def _try_all(
    platform: str, answers: Sequence[ModelAnswer], post: Post
) -> tuple[Row, list[str]]:
    faults: dict[str, list[str]] = {"refused": [], "fences": [], "lost": [], "unsafe": []}
    took: list[float] = []
    messages = 0
    for answer in answers:
        began = time.perf_counter()
        reply = compose_answer(cite(answer.text))
        try:
            seen = await post(answer.name, reply)
        except (BotError, ValueError) as error:
            faults["refused"].append(f"{answer.name}: {error!r}")
            continue
        took.append((time.perf_counter() - began) * 1_000)
        messages += len(seen)
        findings = inspect(answer, seen)
        for kind in ("fences", "lost", "unsafe"):
            faults[kind] += [f"{answer.name}: {fault}" for fault in getattr(findings, kind)]
    row = {
        "platform": platform,
        "messages": messages,
        "refused": len(faults["refused"]),
        "broken fences": len(faults["fences"]),
        "content lost": len(faults["lost"]),
        "pings, links": len(faults["unsafe"]),
        "p50 ms": percentile(took, 50),
        "slowest ms": max(took),
    }
    return row, [f"{platform} {kind}: {one}" for kind, all_ in faults.items() for one in all_]


def inspect(answer: ModelAnswer, seen: Sequence[Seen]) -> Findings:
    """What a rendered answer lacks, breaks or reaches out to."""
    expected = read_expected(answer.text)
    shown = find_words(" ".join("".join(one.text) for one in seen))
    lost = find_lost(expected.words, shown)
    missing = Counter(expected.headers) - Counter(shown)
    code = _squeeze("".join(block for one in seen for block in one.code))
    faults = [fault for one in seen for fault in one.faults]
    stored = {citation.url for citation in cite("").citations}
    links = {link for one in seen for link in one.links}
    return Findings(
        fences=(
            *(fault for fault in faults if "fence" in fault),
            *(f"no code: {block[:40]!r}" for block in expected.code if _squeeze(block) not in code),
        ),
        lost=(*((lost,) if lost else ()), *missing),
        unsafe=(
            *(fault for fault in faults if "fence" not in fault),
            *(f"opens {link}" for link in links if unquote(link) not in stored),
        ),
    )


def find_lost(words: Sequence[str], shown: Sequence[str]) -> str:
    """The first word that is not seen after those before it, with its neighbours; '' if none.

    A word may have been cut in pieces.
    """
    at = 0
    for number, word in enumerate(words):
        start = at
        while start < len(shown) and not (end := _match(word, shown, start)):
            start += 1
        if start == len(shown):
            return " ".join(one[:40] for one in words[max(number - 3, 0) : number + 3])
        at = end
    return ""


def _match(word: str, shown: Sequence[str], start: int) -> int:
    """The end of the pieces that make up the word; 0 where they do not."""
    made, end = "", start
    while end < len(shown) and word.startswith(made + shown[end]):
        made += shown[end]
        end += 1
        if made == word:
            return end
    return 0


def find_words(text: str) -> list[str]:
    """Words and emoji, without citation marks."""
    return _WORD.findall(_UNSEEN.sub("", _MARKS.sub(" ", text)))


def _squeeze(code: str) -> str:
    return "".join(_UNSEEN.sub("", code).split())


def read_expected(text: str) -> Expected:
    """What CommonMark says that an answer says; addresses are not expected."""
    expected = Expected()
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    _read_node(SyntaxTreeNode(parser.disable("reference").parse(text)), expected, quoted=False)
    return expected


def _read_node(node: SyntaxTreeNode, expected: Expected, *, quoted: bool) -> None:
    match node.type:
        case "fence" | "code_block":
            expected.words += find_words(node.content)
            # A quote is drawn as running text on Slack.
            expected.code += [] if quoted else [node.content]
        case "thead":
            expected.headers += find_words(_read_inline(node))
        case "inline":
            expected.words += find_words(_read_inline(node))
        case kind:
            for child in node.children:
                _read_node(child, expected, quoted=quoted or kind == "blockquote")


def _read_inline(node: SyntaxTreeNode) -> str:
    texts: list[str] = []
    code: list[str] = []
    for leaf in _walk(node):
        match leaf.type:
            case "text":
                texts.append(leaf.content)
            case "code_inline":
                # Addresses in code stay.
                texts.append(f"\ue000{len(code)}\ue001")
                code.append(leaf.content)
            case "softbreak" | "hardbreak" | "th":
                texts.append(" ")
    plain = re.sub(r"<br\s*/?>", " ", "".join(texts), flags=re.IGNORECASE)
    return re.sub(r"\ue000(\d+)\ue001", lambda found: code[int(found[1])], _ADDRESS.sub(" ", plain))


def _walk(node: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    yield node
    for child in node.children:
        # A link that is called by a number cites a source.
        if child.type != "link" or not "".join(one.content for one in child.children).isdigit():
            yield from _walk(child)


@asynccontextmanager
async def _open_slack() -> AsyncIterator[Post]:
    async with SlackEmulator() as slack:
        account = SlackAccount(slack.bot_token, api_url=slack.api_url)
        await account.open()
        channel = next(one for one in slack.workspace.channels.values() if one.name == "help")
        team = slack.workspace.team_id
        place = Place(Platform.SLACK, team, channel.id, ChannelKind.PUBLIC)
        messenger = SlackMessenger(account)

        async def post(key: str, reply: Reply) -> list[Seen]:
            posted = await messenger.post(place, reply, key=key, reply_token={}, retry=False)
            held = [channel.messages[ts] for ts in posted.split(",")]
            return [
                see_slack(
                    {
                        "text": one.text,
                        "blocks": one.blocks,
                        "unfurl_links": one.unfurl_links,
                        "unfurl_media": one.unfurl_media,
                    }
                )
                for one in held
            ]

        yield post
        await account.close()


@asynccontextmanager
async def _open_discord() -> AsyncIterator[Post]:
    async with DiscordEmulator() as discord:
        client = DiscordClient(
            discord.bot_token, api_url=discord.api_url, gateway_url=discord.gateway_url
        )
        channel = discord.world.find_channel("#help")
        guild = str(next(iter(discord.world.guilds)))
        place = Place(Platform.DISCORD, guild, str(channel.id), ChannelKind.PUBLIC)
        messenger = DiscordMessenger(client)

        async def post(key: str, reply: Reply) -> list[Seen]:
            posted = await messenger.post(place, reply, key=key, reply_token={}, retry=False)
            held = [discord.world.messages[int(number)] for number in posted.split(",")]
            return [
                see_discord(
                    {
                        "components": one.components,
                        "flags": one.flags,
                        "pinged": [*one.mentions, *one.mention_roles, *[1] * one.mention_everyone],
                    }
                )
                for one in held
            ]

        yield post
        await client.close()
