"""The page of help: what works here, and what this person may do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import ChannelMode, ChannelSettings, Platform, Visibility
from bot.rendering.phrases import guide
from bot.rendering.reply import Block, Code, Inline, Paragraph, Reply, Text
from bot.rendering.sync_report import list_lines

SHOWN_SOURCES = 20

_MODES = {
    ChannelMode.MENTIONS: guide.HERE_MENTIONS,
    ChannelMode.THREADS: guide.HERE_THREADS,
    ChannelMode.AUTO: guide.HERE_AUTO,
}
_COMMANDS = (
    ("/ask question", guide.HELP_ASK),
    ("/search words", guide.HELP_SEARCH),
    ("/sources", guide.HELP_SOURCES),
    ("/proof", guide.HELP_PROOF),
    ("/new", guide.HELP_NEW),
    ("/preferences", guide.HELP_PREFERENCES),
    ("/forget", guide.HELP_FORGET),
)
_HELP = {Platform.SLACK: "/footnote help", Platform.DISCORD: "/help"}
"""Slack keeps `/help` for itself."""
_ADMIN_COMMANDS = (
    ("/sync source|all [full|dry-run]", "reads a source again and shows what changes"),
    ("/sync status [source]", "shows how the latest syncs stand"),
    ("/sync cancel source", "stops a sync; what it has read stays"),
    ("/sync history [source]", "lists the latest syncs"),
    ("/sync errors [source|run]", "shows what could not be read, and why"),
    ("/sources list", "lists the sources"),
    ("/sources add [kind]", "adds a source, after it was tried"),
    ("/sources remove source", "removes a source and all that was read from it"),
    ("/sources test source", "tries whether a source can be read"),
    ("/sources pause source", "stops its schedule; `/sources resume source` goes on"),
    ("/sources schedule source [when]", "has a source read by itself: hourly, daily, weekly, cron"),
    ("/channel", "shows how this channel is set up; `/channel set` changes it"),
    ("/channel set setting value", "sets one thing; `/channel reset [setting]` undoes it"),
    ("/doc address", "shows what is known of a document"),
    ("/audit [number]", "shows who commanded what"),
)


@dataclass(frozen=True, slots=True)
class HelpPage:
    """What works in a place for a person. `sources` are those that everyone there may read.

    `reads_all`: what does not mention the bot is seen too.
    """

    platform: Platform
    direct: bool
    settings: ChannelSettings
    sources: tuple[str, ...]
    admin: bool
    reads_all: bool = True


def compose_help(page: HelpPage, *, private: bool = True, language: str = "en") -> Reply:
    """What can be asked and commanded, by this person in this place."""
    known = (*_COMMANDS, (_HELP[page.platform], guide.HELP_HELP))
    commands = [(command, use.say(language)) for command, use in known]
    blocks: list[Block] = [
        _say(" ".join(_tell_mode(page, language))),
        _say(_tell_sources(page.sources, language)),
        _list_commands(commands),
    ]
    if page.admin:
        blocks += [_say("For admins, such as you:"), _list_commands(_ADMIN_COMMANDS)]
    return Reply(tuple(blocks), private=private)


def compose_usage(words: str) -> Reply:
    """A command that was not understood: what is wrong, and the commands that exist."""
    return Reply((_say(words), _list_commands(_ADMIN_COMMANDS)), private=True)


def _tell_mode(page: HelpPage, language: str) -> list[str]:
    if page.direct:
        return [guide.HERE_DIRECT.say(language)]
    mode = page.settings.mode if page.reads_all else ChannelMode.MENTIONS
    told = [guide.HELP.say(language), _MODES[mode].say(language)]
    if mode is not page.settings.mode:
        told.append(guide.HERE_UNREAD.say(language))
    if page.settings.visibility is Visibility.PRIVATE:
        told.append(guide.HERE_PRIVATE.say(language))
    if page.settings.remit:
        told.append(guide.HERE_REMIT.say(language, remit=page.settings.remit))
    return told


def _tell_sources(names: Sequence[str], language: str) -> str:
    if not names:
        return guide.HERE_NO_SOURCES.say(language)
    shown = ", ".join(names[:SHOWN_SOURCES]) + (", …" if len(names) > SHOWN_SOURCES else "")
    return guide.HERE_SOURCES.say(language, names=shown)


def _say(words: str) -> Paragraph:
    return Paragraph((Text(words),))


def _list_commands(entries: Sequence[tuple[str, str]]) -> Block:
    return list_lines([(Code(command), *_read_code(f": {use}")) for command, use in entries])


def _read_code(words: str) -> list[Inline]:
    """The words, with what stands between backticks as code."""
    parts = words.split("`")
    return [Code(part) if number % 2 else Text(part) for number, part in enumerate(parts) if part]
