"""`footnote channel`: how the bot is set up in a channel, on the command line."""

from collections.abc import Callable, Coroutine
from typing import Any

import click

from bot.channels.editor import Changed, ChannelEditor, InvalidSettings
from bot.channels.fields import FIELDS
from bot.cli.shell import Group, as_json, print_json
from bot.cli.sources import note, with_footnote
from bot.errors import InvalidSetting
from bot.model import ChannelKind, Place, Platform
from bot.wiring import TENANT, Footnote

Command = Callable[..., Any]


def _of_channel(command: Command) -> Command:
    """The arguments that name a channel."""
    platform = click.argument("platform", type=click.Choice(["slack", "discord"]))
    workspace = click.argument("workspace", metavar="WORKSPACE|SERVER")
    return platform(workspace(click.argument("channel")(command)))


@click.group(cls=Group)
def channel() -> None:
    """Show and change how the bot is set up in a channel, by the ids of workspace and channel."""


@channel.command("show")
@_of_channel
@as_json
def show(platform: str, workspace: str, channel: str, as_json: bool) -> None:
    """Show what holds in a channel."""

    async def use(opened: Footnote) -> None:
        settings = await opened.channels.read(TENANT, _name(platform, workspace, channel))
        shown = {name: field.show(settings) for name, field in FIELDS.items()}
        if as_json:
            print_json({"settings": shown})
            return
        for name, value in shown.items():
            click.echo(f"{name:12} {value or '-'}")

    with_footnote(use)


@channel.command("set")
@_of_channel
@click.argument("setting")
@click.argument("value", default="")
@as_json
def set_(
    *, platform: str, workspace: str, channel: str, setting: str, value: str, as_json: bool
) -> None:
    """Set one thing; an empty VALUE empties it."""
    place = _name(platform, workspace, channel)

    async def use(editor: ChannelEditor) -> Changed:
        return await editor.set(TENANT, place, {setting: value})

    _change(use, place, f"channel set {setting}", as_json=as_json)


@channel.command("reset")
@_of_channel
@click.argument("setting", default="")
@as_json
def reset(platform: str, workspace: str, channel: str, setting: str, as_json: bool) -> None:
    """Have one SETTING, or all, as usual again."""
    place = _name(platform, workspace, channel)

    async def use(editor: ChannelEditor) -> Changed:
        return await editor.reset(TENANT, place, setting)

    _change(use, place, f"channel reset {setting}".strip(), as_json=as_json)


def _change(
    use: Callable[[ChannelEditor], Coroutine[Any, Any, Changed]],
    place: Place,
    command: str,
    *,
    as_json: bool,
) -> None:
    async def main(opened: Footnote) -> Changed:
        # What Discord delivers, only the running bot knows; `footnote doctor` tells it.
        editor = ChannelEditor(opened.channels, opened.knowledge, lambda _: True)
        try:
            changed = await use(editor)
        except InvalidSettings as error:
            raise InvalidSetting(str(error)) from error
        where = f"{place.platform} {place.workspace} {place.channel}"
        await note(opened, command, f"{where}: {changed.describe() or 'nothing'}")
        return changed

    changed = with_footnote(main)
    lines = [{"setting": n, "before": before, "after": after} for n, before, after in changed.lines]
    if as_json:
        print_json({"changed": lines})
    else:
        click.echo(changed.describe() or "Nothing is different: it was set so already.")


def _name(platform: str, workspace: str, channel: str) -> Place:
    return Place(Platform(platform), workspace, channel, ChannelKind.PUBLIC)
