"""Questions to begin with, made of the headings of what everyone may read. No model is asked."""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from bot.model import ChannelSettings, Person, Place
from bot.ports import Channels, Topics, Workspaces
from bot.rendering.phrases import choose_language
from bot.rendering.phrases.prompts import ABOUT_PAGE, ABOUT_SECTION
from bot.scopes import Scopes
from retrieval.model import EVERYONE, PUBLIC, TenantId, Topic

MOST = 4
LONGEST = 100
FRESH_SECONDS = 300.0
MOST_HELD = 1000
CONVERSATIONS = frozenset({"slack", "discord"})
"""Kinds of source whose titles are somebody's words, which nobody meant for this."""

_HOW_TO = re.compile(r"how to (?=\w)", re.IGNORECASE)
_WORDS = re.compile(r"[^\W\d_]{3,}")
_COMMONPLACE = re.compile(
    r"(introduction|overview|contents|table of contents|changelog|readme|license|index|home|notes"
    r"|summary|background|appendix|references|see also|einleitung|überblick|inhalt|übersicht"
    r"|introducción|introduction|sommaire|índice|résumé|resumen)\W*",
    re.IGNORECASE,
)

Key = tuple[TenantId, frozenset[str]]


class SourcePrompts:
    """Satisfies bot.ports.Prompts. The same sources give the same questions."""

    def __init__(
        self,
        topics: Topics,
        *,
        scopes: Scopes,
        channels: Channels,
        workspaces: Workspaces,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._topics = topics
        self._scopes = scopes
        self._channels = channels
        self._workspaces = workspaces
        self._clock = clock
        self._held: dict[Key, tuple[float, Sequence[Topic]]] = {}

    async def suggest(
        self, place: Place, person: Person, in_view: str | None = None
    ) -> Sequence[str]:
        """Up to MOST questions. Raises StoreUnavailable.

        Only what everyone reads is suggested, for others look over one's shoulder; for a guest that
        is what is open to anybody. A channel in view, if the person is in it, chooses the sources
        and the language.
        """
        tenant = await self._workspaces.resolve(place.platform, place.workspace)
        if tenant is None:
            return ()
        readers = (await self._scopes.find_private(tenant, place, person)).readers
        settings = await self._channels.read(tenant, place, person)
        if in_view is not None and f"{place.platform}:channel:{in_view}" in readers:
            there = replace(place, channel=in_view, thread=None)
            settings = await self._channels.read(tenant, there, person)
        topics = await self._list_topics(tenant, readers & {EVERYONE, PUBLIC})
        return list(_choose(_filter(topics, settings), settings.language))

    async def _list_topics(self, tenant: TenantId, readers: frozenset[str]) -> Sequence[Topic]:
        key, now = (tenant, readers), self._clock()
        held = self._held.get(key)
        if held is not None and now - held[0] < FRESH_SECONDS:
            return held[1]
        topics = await self._topics.list_topics(tenant, readers, without=CONVERSATIONS)
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        self._held[key] = (now, topics)
        return topics


def _filter(topics: Iterable[Topic], settings: ChannelSettings) -> Iterator[Topic]:
    for topic in topics:
        if not settings.sources or topic.source in settings.sources:
            yield topic


def _choose(topics: Iterable[Topic], language: str) -> Iterator[str]:
    """One question of a document, in turn of each source; headings that are questions first, then
    those of sections.
    """
    asked: dict[str, list[str]] = {}
    other: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for topic in sorted(topics, key=_rank):
        document = topic.source, topic.title
        question = make_question(topic, language)
        if question is None or document in seen:
            continue
        seen.add(document)
        kind = asked if _is_question(topic.heading or topic.title) else other
        kind.setdefault(topic.source, []).append(question)
    found: dict[str, None] = {}
    for kind in (asked, other):
        for turn in zip_longest(*(kind[source] for source in sorted(kind))):
            found.update(dict.fromkeys(filter(None, turn)))
    yield from list(found)[:MOST]


def make_question(topic: Topic, language: str) -> str | None:
    """A question about a topic, in a language or, where none is set, in its own; None where its
    words say too little.
    """
    words = " ".join((topic.heading or topic.title).split())
    if not _WORDS.search(words) or _COMMONPLACE.fullmatch(words):
        return None
    spoken = choose_language(language, f"{topic.title}. {topic.heading}")
    if _is_question(words):
        question = words
    elif how := _HOW_TO.match(words):
        question = f"How do I {words[how.end() :].rstrip('.!:')}?"
    elif topic.heading:
        question = ABOUT_SECTION.say(spoken, title=topic.title, heading=words)
    else:
        question = ABOUT_PAGE.say(spoken, title=words)
    return question if len(question) <= LONGEST else None


def _rank(topic: Topic) -> tuple[bool, bool]:
    return not _is_question(topic.heading or topic.title), not topic.heading


def _is_question(words: str) -> bool:
    return words.rstrip().endswith("?")
