"""What can be set for a channel: how each setting is typed, checked and shown. Pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.errors import InvalidSetting
from bot.model import ChannelMode, ChannelSettings, Visibility
from bot.rendering.form import Choice, Kind

LONGEST_TEXT = 500
YES, NO = "yes", "no"

_HELPER = re.compile(r"<?(?:(user|group|role|@&|@!?|!subteam\^):?)?([A-Za-z0-9]+)(?:\|[^>]*)?>?")
_BOT = re.compile(r"<?@?!?([A-Za-z0-9]+)>?")
_GROUP_SIGNS = frozenset({"group", "role", "@&", "!subteam^"})


@dataclass(frozen=True, slots=True)
class ChannelField:
    """A setting. `read` makes a value of ChannelSettings' field `attribute` from what was typed,
    and raises InvalidSetting; `write` makes text of a value, which `read` takes again.
    """

    name: str
    attribute: str
    label: str
    hint: str
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    example: str = ""
    kind: Kind = "line"
    choices: tuple[Choice, ...] = ()

    def show(self, settings: ChannelSettings) -> str:
        """What it is set to, as it is typed; '' where it is empty."""
        return self.write(getattr(settings, self.attribute))


def read_setting(name: str, text: str) -> str:
    """What was typed for a setting, checked and written evenly. Raises InvalidSetting."""
    field = find_field(name)
    return field.write(field.read(text.strip()))


def find_field(name: str) -> ChannelField:
    """The setting of a name. Raises InvalidSetting."""
    field = FIELDS.get(name.lower().replace("_", "-"))
    if field is None:
        raise InvalidSetting(f"There is no setting {name}. The settings are: {', '.join(FIELDS)}.")
    return field


def overlay(usual: ChannelSettings, stored: Mapping[str, str]) -> ChannelSettings:
    """The usual settings with what was set for a channel; what is not understood is left out.

    What was set by a later version of Footnote, or is damaged, must not take the channel down.
    """
    values: dict[str, Any] = {}
    for name, text in stored.items():
        try:
            field = find_field(name)
            values[field.attribute] = field.read(text)
        except InvalidSetting:
            continue
    return replace(usual, **values)


# How each is read and written


def _read_mode(text: str) -> ChannelMode:
    return ChannelMode(_read_choice(text, tuple(ChannelMode)))


def _read_visibility(text: str) -> Visibility:
    return Visibility(_read_choice(text, tuple(Visibility)))


def _read_choice(text: str, known: tuple[str, ...]) -> str:
    if text.lower() not in known:
        raise InvalidSetting(f"{text or 'Nothing'} is none of {', '.join(known)}.")
    return text.lower()


def _read_names(text: str) -> frozenset[str]:
    return frozenset(_split(text))


def _write_names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _read_language(text: str) -> str:
    if text and not re.fullmatch("[A-Za-z]{2}", text):
        raise InvalidSetting("A language is a code of two letters, such as de.")
    return text.lower()


def _read_text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise InvalidSetting(f"That is longer than {LONGEST_TEXT} characters.")
    return " ".join(text.split())


def _read_number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) <= 1_000_000:
        raise InvalidSetting("That is a whole number from 1, or empty.")
    return int(text)


def _write_number(number: int | None) -> str:
    return "" if number is None else str(number)


def _read_helpers(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_read_helper(part) for part in _split(text)))


def _read_helper(part: str) -> str:
    found = _HELPER.fullmatch(part)
    if found is None or not any(sign.isdigit() for sign in found[2]):
        raise InvalidSetting(
            f"{part} is no id of a person or group: write user:ID or group:ID, or mention them."
        )
    kind = "group" if found[1] in _GROUP_SIGNS or (not found[1] and found[2][0] == "S") else "user"
    return f"{kind}:{found[2]}"


def _read_bots(text: str) -> frozenset[str]:
    ids = set()
    for part in _split(text):
        found = _BOT.fullmatch(part)
        if found is None or not any(sign.isdigit() for sign in found[1]):
            raise InvalidSetting(f"{part} is no id of a bot: copy the id, names can change.")
        ids.add(found[1])
    return frozenset(ids)


def _read_switch(text: str) -> bool:
    return _read_choice(text or NO, (YES, NO)) == YES


def _write_switch(value: bool) -> str:
    return YES if value else NO


def _split(text: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", text) if part]


FIELDS: Mapping[str, ChannelField] = {
    field.name: field
    for field in (
        ChannelField(
            "mode",
            "mode",
            "What is answered",
            "Mentions only; threads: also follow-ups there; auto: also questions to nobody.",
            _read_mode,
            str,
            kind="choice",
            choices=(
                Choice(ChannelMode.MENTIONS, "Mentions only"),
                Choice(ChannelMode.THREADS, "Mentions, and follow-ups in their threads"),
                Choice(ChannelMode.AUTO, "Every question that the sources answer"),
            ),
        ),
        ChannelField(
            "sources",
            "sources",
            "Sources",
            "Names of the sources to answer from. Empty: all that the channel may read.",
            _read_names,
            _write_names,
            example="handbook, wiki",
        ),
        ChannelField(
            "visibility",
            "visibility",
            "Who sees an answer",
            "private: the asker alone; Discord then sends a direct message.",
            _read_visibility,
            str,
            kind="choice",
            choices=(
                Choice(Visibility.PUBLIC, "Everyone in the channel"),
                Choice(Visibility.PRIVATE, "The asker alone"),
            ),
        ),
        ChannelField(
            "hand-off",
            "hand_off",
            "Who helps further",
            "People and groups (roles), by id or mention, one or several.",
            _read_helpers,
            ", ".join,
            example="user:U0123ABCD, group:S0123ABCD",
        ),
        ChannelField(
            "language",
            "language",
            "Language",
            "Two letters. Empty: the question's.",
            _read_language,
            str,
            example="de",
        ),
        ChannelField(
            "persona",
            "persona",
            "House style",
            "How a chat model writes here, in words.",
            _read_text,
            str,
            example="address people informally",
        ),
        ChannelField(
            "remit",
            "remit",
            "What is answered here",
            "In words; anything else is declined. Empty: whatever the sources hold.",
            _read_text,
            str,
            example="questions about our products",
        ),
        ChannelField(
            "freshness",
            "freshness_days",
            "Warn of old sources",
            "Days after which the newest source of an answer counts as old. Empty: never.",
            _read_number,
            _write_number,
            example="365",
        ),
        ChannelField(
            "budget",
            "budget",
            "Questions a day",
            "How many are answered in a day. Empty: no bound.",
            _read_number,
            _write_number,
            example="200",
        ),
        ChannelField(
            "bots",
            "allowed_bots",
            "Bots that may ask",
            "Other bots by id, which are answered when they mention this one.",
            _read_bots,
            _write_names,
            example="B0123ABCD",
        ),
        ChannelField(
            "threads",
            "thread_per_question",
            "A thread for each question",
            "yes or no; in Discord. Slack always answers in threads.",
            _read_switch,
            _write_switch,
            example=NO,
        ),
    )
}
"""Every setting, by its name, in the order in which it is shown."""
