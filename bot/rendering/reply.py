"""The reply tree: what is said, before a platform decides how it looks.

Block = Paragraph | Heading | Bullets | CodeBlock | Table | Quote; a block holds inlines.
Every link in a reply comes from a stored source; inlines hold no other.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters; a renderer escapes whatever its platform would read as markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Emphasised strongly."""

    children: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Emphasis:
    """Emphasised."""

    children: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Strike:
    """Struck through."""

    children: tuple["Inline", ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Code within a line."""

    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A citation mark [n]; `url` is the stored URL of source n, '' where it has none."""

    n: int
    url: str


@dataclass(frozen=True, slots=True)
class LineBreak:
    """A line ends here."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Calls a person, or a group (Slack) or role (Discord), by the platform's id; they are pinged.

    It stands directly in a paragraph. `name` is for where nobody can be called.
    """

    kind: Literal["person", "group"]
    id: str
    name: str = ""


Inline = Text | Strong | Emphasis | Strike | Code | Mark | Mention | LineBreak


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within the answer, level 1..6."""

    level: int
    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; each item is blocks, so lists nest. `start` is None when not numbered."""

    items: tuple[tuple["Block", ...], ...]
    start: int | None = None


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Code on lines of its own."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row has as many cells as the header."""

    header: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """Quoted blocks."""

    children: tuple["Block", ...]


Block = Paragraph | Heading | Bullets | CodeBlock | Table | Quote


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One entry of the list of sources; `url` is '' where people cannot open it."""

    n: int
    title: str
    section: str
    url: str
    age: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button below a message. Pressing it gives a command, as if the person had typed it.

    `command` is typed without its slash ('sync cancel handbook'), at most 90 characters, and no two
    buttons of a message have the same; the label has at most 75. What it does is decided, and who
    may do it checked, when it is pressed.
    """

    label: str
    command: str
    kind: Literal["plain", "primary", "danger"] = "plain"


@dataclass(frozen=True, slots=True)
class Rating:
    """Thumbs up and down: the commands that they give, as those of buttons."""

    good: str
    bad: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Everything one message of ours says.

    `notices` are warnings (stale source, model unavailable); `footer` is small print.
    `private` shows it to the asker alone where the platform can; `buttons` are five at most, each
    thumb of a `rating` counting as one; `menu` holds up to five more behind 'More', or up to 25
    behind a `menu_label` of its own.
    """

    blocks: tuple[Block, ...]
    sources: tuple[SourceLine, ...] = ()
    notices: tuple[str, ...] = ()
    footer: str = ""
    private: bool = False
    buttons: tuple[Button, ...] = ()
    rating: Rating | None = None
    menu: tuple[Button, ...] = ()
    menu_label: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """How far an answer has come. The last of the `steps` is at work; `text` is Markdown as the
    agent wrote it; pressing `stop` ends the work. `language` is that of the words around it.
    """

    steps: tuple[str, ...]
    text: str
    stop: Button
    language: str = "en"
