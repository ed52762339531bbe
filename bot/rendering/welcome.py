"""Composes home pages: how to ask, what there is to read, and what is a person's own. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.model import Preferences, SourceOverview
from bot.rendering.home import Home, Section, Select
from bot.rendering.phrases import Phrase, answers, home, personal
from bot.rendering.preferences import (
    AUTOMATIC,
    describe_offers,
    list_languages,
    offer_offers,
)
from bot.rendering.readable import count_readable, describe_readable, describe_reading
from bot.rendering.reply import Block, Button, Code, Emphasis, Inline, Paragraph, Strong, Text
from bot.rendering.sync_report import list_lines
from retrieval.model import ReadableSource, SyncRun, SyncState

SHOWN_SOURCES = 30
ERROR_CHARACTERS = 150
REFRESH = "home"
"""The command of the button that shows the page anew."""


@dataclass(frozen=True, slots=True)
class ManagedSource:
    """A source as an admin is told of it, with its latest sync, if there was any."""

    overview: SourceOverview
    run: SyncRun | None = None


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """What a home page tells a person.

    `sources` are those that they may read; `known`: as one of the workspace; `prompts` are
    questions to begin with; `managed` is None for people who are no admins.
    """

    sources: Sequence[ReadableSource]
    chosen: Preferences
    known: bool = True
    prompts: Sequence[str] = ()
    managed: Sequence[ManagedSource] | None = None


def compose_home(
    facts: HomeFacts, now: datetime, language: str = "en", *, replied: bool = False
) -> Home:
    """The page; `replied`: what was pressed is answered among the messages."""
    sections = [
        _compose_asking(facts, language),
        _compose_knowledge(facts.sources, now, language),
        _compose_settings(facts.chosen, language),
        Section(
            home.YOUR_CONVERSATIONS.say(language),
            (_say(home.REMEMBERED, language),),
            buttons=(Button(home.FORGET.say(language), "forget all"),),
        ),
    ]
    if facts.managed is not None:
        sections.append(_compose_corner(facts.managed, now, language))
    notice = home.REPLIED.say(language) if replied else ""
    return Home(tuple(sections), notice, language)


def compose_failed_home(words: Phrase, reference: str, language: str = "en") -> Home:
    """The page where it could not be made; the reference finds the failure in the log."""
    section = Section(
        home.NOT_SHOWN.say(language),
        (Paragraph((Text(words.say(language)),)),),
        buttons=(Button(home.TRY_AGAIN.say(language), REFRESH, "primary"),),
        footer=answers.REFERENCE.say(language, reference=reference),
    )
    return Home((section,), language=language)


def _compose_asking(facts: HomeFacts, language: str) -> Section:
    blocks: list[Block] = [_say(home.HOW_TO_ASK if facts.known else home.STRANGER, language)]
    if facts.prompts and facts.known:
        blocks.append(_say(home.FOR_EXAMPLE, language))
        blocks.append(list_lines([(Text(prompt),) for prompt in facts.prompts]))
    return Section(home.ASK_ME.say(language), tuple(blocks))


def _compose_knowledge(sources: Sequence[ReadableSource], now: datetime, language: str) -> Section:
    title = home.WHAT_I_KNOW.say(language)
    if not sources:
        return Section(title, (_say(home.NOTHING_TO_READ, language),))
    lines = [describe_readable(source, now, language) for source in sources[:SHOWN_SOURCES]]
    lines += _count_rest(len(sources), language)
    return Section(title, (_say(home.YOU_MAY_READ, language), list_lines(lines)))


def _compose_settings(chosen: Preferences, language: str) -> Section:
    offers = (
        Strong((Text(personal.OFFERS.say(language)),)),
        Text(f": {describe_offers(chosen, language)}"),
    )
    return Section(
        personal.MY_SETTINGS.say(language),
        (Paragraph(offers),),
        selects=(
            Select(
                personal.LANGUAGE.say(language),
                list_languages(language),
                f"preferences language {chosen.language or AUTOMATIC}",
                personal.LANGUAGE_RULE.say(language),
            ),
        ),
        buttons=(offer_offers(chosen, language),),
    )


def _compose_corner(managed: Sequence[ManagedSource], now: datetime, language: str) -> Section:
    blocks: list[Block] = [_say(home.NO_SOURCES, language)]
    if managed:
        lines = [_describe_managed(each, now, language) for each in managed[:SHOWN_SOURCES]]
        blocks = [list_lines([*lines, *_count_rest(len(managed), language)])]
    add = Button(home.ADD.say(language), "sources add", "plain" if managed else "primary")
    status = (
        Button(home.SYNC.say(language), "sync", "primary"),
        Button(home.SYNC_STATUS.say(language), "sync status"),
    )
    return Section(
        home.FOR_ADMINS.say(language),
        (*blocks, _say(home.CHANNEL_RULE, language)),
        buttons=(
            *(status if managed else ()),
            add,
            Button(home.ALL_COMMANDS.say(language), "help"),
        ),
    )


def _describe_managed(managed: ManagedSource, now: datetime, language: str) -> tuple[Inline, ...]:
    overview, run = managed.overview, managed.run
    parts = [count_readable(overview.documents, language)]
    if run is not None and run.state is SyncState.RUNNING:
        parts.append(home.BEING_READ.say(language))
    else:
        read_at = overview.last_sync
        if run is not None and run.state is SyncState.SUCCEEDED:
            read_at = run.finished_at or read_at
        parts.append(describe_reading(read_at, now, language))
    if run is not None and run.state is SyncState.FAILED:
        parts.append(home.SYNC_FAILED.say(language, error=_shorten(run.error or "?")))
    if run is not None and run.held:
        parts.append(home.HELD.say(language, count=len(run.held)))
    if overview.paused:
        parts.append(home.PAUSED.say(language))
    return (
        Strong((Text(overview.name),)),
        Text(f" ({overview.kind}): {' · '.join(parts)}"),
    )


def _count_rest(number: int, language: str) -> list[tuple[Inline, ...]]:
    more = number - SHOWN_SOURCES
    return [(Text(home.AND_MORE.say(language, count=more)),)] if more > 0 else []


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= ERROR_CHARACTERS else line[: ERROR_CHARACTERS - 1] + "…"


def _say(words: Phrase, language: str) -> Paragraph:
    return Paragraph(tuple(_read(words.say(language))))


def _read(words: str) -> Iterator[Inline]:
    """Our own words, with what stands between backticks as code, between stars as emphasised."""
    for number, part in enumerate(words.split("`")):
        if number % 2:
            yield Code(part)
            continue
        for place, piece in enumerate(part.split("*")):
            if piece:
                yield Emphasis((Text(piece),)) if place % 2 else Text(piece)
