"""Replies on how a channel is set up. Pure."""

from collections.abc import Sequence

from bot.rendering.reply import Button, Code, Inline, Paragraph, Reply, Strong, Text
from bot.rendering.sync_report import list_lines

CHANGE = Button("Change", "channel set", "primary")


def compose_channel(rows: Sequence[tuple[str, str, str, bool]], *, direct: bool) -> Reply:
    """Every setting: its name, its label, what it is set to ('' for nothing), whether as usual."""
    if direct:
        words = "Direct messages have no settings of their own; what holds here is as usual:"
    else:
        words = "This channel, and the threads in it:"
    lines = [_describe(*row) for row in rows]
    buttons = () if direct else (CHANGE, Button("Reset", "channel reset"))
    return Reply((_say(words), list_lines(lines)), private=True, buttons=buttons)


def compose_change(lines: Sequence[tuple[str, str, str]], notices: Sequence[str] = ()) -> Reply:
    """What is different now, each as (name, before, after)."""
    if not lines:
        return Reply((_say("Nothing is different: it was set so already."),), private=True)
    shown: list[tuple[Inline, ...]] = [
        (Strong((Text(name),)), Text(f": {before} → "), Code(after))
        for name, before, after in lines
    ]
    intro = _say("This is different in this channel now:")
    return Reply((intro, list_lines(shown)), notices=tuple(notices), private=True)


def compose_reset() -> Reply:
    """The question before all settings of a channel go."""
    words = "Set everything in this channel back to what is usual?"
    return Reply(
        (_say(words),), private=True, buttons=(Button("Reset it", "channel reset yes", "danger"),)
    )


def _describe(name: str, label: str, shown: str, as_usual: bool) -> tuple[Inline, ...]:
    value: tuple[Inline, ...] = (Code(shown),) if shown else (Text("nothing"),)
    return (
        Strong((Text(name),)),
        Text(f" ({label.lower()}): "),
        *value,
        Text(" · as usual" if as_usual else " · set here"),
    )


def _say(words: str) -> Paragraph:
    return Paragraph((Text(words),))
