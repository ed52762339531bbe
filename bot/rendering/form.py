"""The form tree: what a person is asked to fill in, before a platform decides how it looks."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["line", "text", "secret", "secret text", "choice", "source", "sources"]
SECRET_KINDS = ("secret", "secret text")
LONG_KINDS = ("text", "secret text")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values to choose from; the label has at most 75 characters."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `label` has at most 45 characters, `hint` and `example` at most 100.

    kind: 'line' and 'text' (several lines) are typed; 'secret' and 'secret text' are typed and
    never shown again; 'choice' is one of `choices`; 'source' is the name of a source, which the
    platform helps to find, and 'sources' is that or 'all'.
    """

    name: str
    label: str
    kind: Kind = "line"
    required: bool = True
    value: str = ""
    hint: str = ""
    example: str = ""
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form. Submitting it gives `command` (typed without its slash) together with the values.

    `title` has at most 24 characters; `intro` stands above the fields, and `problem` says what was
    wrong with what was filled in before.
    """

    command: str
    title: str
    fields: tuple[Field, ...]
    submit: str = "Save"
    intro: str = ""
    problem: str = ""
