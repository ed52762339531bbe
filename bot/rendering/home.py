"""The home page of a person: what it holds, before a platform decides how it looks."""

from dataclasses import dataclass

from bot.rendering.form import Choice
from bot.rendering.reply import Block, Button


@dataclass(frozen=True, slots=True)
class Select:
    """One of several, chosen at once. The value of a choice is a command, as that of a button.

    `chosen` is the value of the one that holds; '' where none does. `hint` is a line below the
    label.
    """

    label: str
    choices: tuple[Choice, ...]
    chosen: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: what can be chosen, words, what can be pressed, and small print.

    The blocks hold no table.
    """

    title: str
    blocks: tuple[Block, ...] = ()
    selects: tuple[Select, ...] = ()
    buttons: tuple[Button, ...] = ()
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """A home page. `notice` is news that stands above all; `language` is that of its words."""

    sections: tuple[Section, ...]
    notice: str = ""
    language: str = "en"
