"""Discord's messages and interactions as the bot's own values. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

import discord

from bot.model import (
    REPLACES,
    THREAD,
    Attachment,
    ChannelKind,
    Command,
    IncomingMessage,
    Intent,
    MessageKey,
    Person,
    Place,
    Platform,
    Submission,
    ThreadKey,
)
from bot.rendering.discord import BUTTON_PREFIX
from bot.rendering.discord_form import FORM_PREFIX, read_values

DIRECT = "@me"
"""The workspace of direct messages."""
ELSEWHERE = "@elsewhere"
"""The workspace of places where the bot is not, to which people bring it by installing the app."""

THREAD_CHARACTERS = 100

_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})
_ENTITY = re.compile(r"<(?:(@&|@!?|#)(\d+)|a?(:\w+:)\d+)>")

Names = Mapping[int, str]


def read_channel_kind(channel: object, guild: discord.Guild | None) -> ChannelKind:
    """Who can see what is said in a channel; private where that is not known."""
    if isinstance(channel, discord.DMChannel):
        return ChannelKind.DIRECT
    if guild is None:
        return ChannelKind.PRIVATE
    # What an event carries of a channel lacks its overwrites; the cache has them.
    known = guild.get_channel_or_thread(getattr(channel, "id", 0))
    if isinstance(known, discord.Thread):
        known = None if known.is_private() else known.parent
    if known is None:
        return ChannelKind.PRIVATE
    is_open = known.permissions_for(guild.default_role).view_channel
    return ChannelKind.PUBLIC if is_open else ChannelKind.PRIVATE


def read_parent(channel: object) -> str | None:
    """The channel that a thread belongs to; None for a channel."""
    return str(channel.parent_id) if isinstance(channel, discord.Thread) else None


def read_workspace(guild_id: int | None) -> str:
    """The guild's id, or '@me'."""
    return DIRECT if guild_id is None else str(guild_id)


def find_shard(workspace: str, shards: int) -> int:
    """The shard that hears of a workspace.

    See https://discord.com/developers/docs/events/gateway#sharding
    """
    return (int(workspace) >> 22) % shards if workspace.isdigit() else 0


def read_person(user: discord.User | discord.Member | discord.Object) -> Person:
    """The person with what the event tells of their roles and rights."""
    bot = str(user.id) if getattr(user, "bot", False) else ""
    if isinstance(user, discord.Member):
        groups = frozenset(str(role.id) for role in user.roles if not role.is_default())
        manages = user.guild_permissions.manage_guild
        return Person(str(user.id), user.display_name, groups, manages, bot=bot)
    return Person(str(user.id), getattr(user, "display_name", ""), bot=bot)


def is_from_person(message: discord.Message) -> bool:
    """Whether a person wrote it: not a bot, a webhook, or Discord's own notices."""
    bot = message.author.bot or message.author.system or message.webhook_id is not None
    return message.type in _TYPES and not bot


def is_from_another_bot(message: discord.Message, bot_user: int) -> bool:
    """Whether another bot or a webhook wrote it and mentions ours."""
    author = message.author
    bot = (author.bot or message.webhook_id is not None) and not author.system
    return message.type in _TYPES and bot and author.id != bot_user and _mentions(message, bot_user)


def read_intent(message: discord.Message, bot_user: int) -> Intent | None:
    """What is asked of the bot; None where nothing is.

    What mentions nobody is a question only as the channel is set up, and in a thread (FOLLOW_UP)
    only where the bot takes part, which the intake knows. Without the privileged Message Content
    intent Discord leaves its text out, so that it is empty.
    """
    if isinstance(message.channel, discord.DMChannel):
        return Intent.DIRECT
    if _mentions(message, bot_user):
        return Intent.MENTION
    somebody = message.mentions or message.role_mentions or message.mention_everyone
    if somebody or not message.content:
        return None
    if isinstance(message.channel, discord.Thread) and not is_new_post(message):
        return Intent.FOLLOW_UP
    to_nobody = message.guild is not None and message.reference is None
    return Intent.OVERHEARD if to_nobody else None


def is_new_post(message: discord.Message) -> bool:
    """Whether a message begins a post in a forum, which bears its id."""
    return isinstance(message.channel, discord.Thread) and message.id == message.channel.id


def _mentions(message: discord.Message, bot_user: int) -> bool:
    return bot_user in message.raw_mentions or any(u.id == bot_user for u in message.mentions)


def find_earlier(message: discord.Message, bot_user: int) -> MessageKey | None:
    """The question that a reply goes on from: the one replied to, or that behind our answer."""
    reference = message.reference
    if reference is None or reference.message_id is None:
        return None
    earlier = reference.message_id
    answer = reference.resolved
    if isinstance(answer, discord.Message) and answer.author.id == bot_user:
        if answer.reference is None or answer.reference.message_id is None:
            return None
        earlier = answer.reference.message_id
    return name_message(read_guild_id(message), message.channel.id, earlier)


def read_message(
    message: discord.Message, bot_user: int, intent: Intent, thread: ThreadKey | None = None
) -> IncomingMessage:
    """The question in a message. `thread` is the conversation that it goes on with, if any."""
    guild_id = read_guild_id(message)
    workspace, channel = read_workspace(guild_id), message.channel.id
    kind = read_channel_kind(message.channel, message.guild)
    key = name_message(guild_id, channel, message.id)
    if kind is ChannelKind.DIRECT or isinstance(message.channel, discord.Thread):
        thread = ThreadKey(f"discord:{workspace}:{channel}")
    return IncomingMessage(
        event=f"discord:message:{message.id}",
        message=key,
        thread=thread or ThreadKey(key),
        place=Place(
            Platform.DISCORD,
            workspace,
            str(channel),
            kind,
            thread=str(message.id),
            parent=read_parent(message.channel),
        ),
        person=read_person(message.author),
        intent=intent,
        text=_read_text(message, bot_user),
        at=message.created_at,
        reply_token={"user": str(message.author.id)},
        attachments=read_files(message.attachments),
    )


def read_question(
    interaction: discord.Interaction, text: str, file: discord.Attachment | None = None
) -> IncomingMessage:
    """The question of /ask: a conversation of its own, whose answer only the asker sees."""
    key = name_message(interaction.guild_id, interaction.channel_id or 0, interaction.id)
    return IncomingMessage(
        event=f"discord:interaction:{interaction.id}",
        message=key,
        thread=ThreadKey(key),
        place=read_place(interaction),
        person=read_person(interaction.user),
        intent=Intent.ASK,
        text=text.strip(),
        at=interaction.created_at,
        reply_token=read_token(interaction),
        attachments=read_files([file] if file else []),
    )


def read_files(attachments: Iterable[discord.Attachment]) -> tuple[Attachment, ...]:
    """The files of a message."""
    return tuple(
        Attachment(file.filename, file.content_type or "", file.size, file.url)
        for file in attachments
    )


def read_target(interaction: discord.Interaction, message: discord.Message) -> IncomingMessage:
    """The question of a message that somebody wants answered, for them alone."""
    bot_user = interaction.client.user
    text = clean_text(message.content, bot_user.id if bot_user else 0, _find_name(message))
    asked = read_question(interaction, text)
    return replace(asked, reply_token={**asked.reply_token, THREAD: str(message.id)})


def read_command(interaction: discord.Interaction, name: str, words: tuple[str, ...]) -> Command:
    """A slash command other than /ask."""
    return Command(
        event=f"discord:interaction:{interaction.id}",
        name=name,
        words=words,
        place=read_place(interaction),
        person=read_person(interaction.user),
        at=interaction.created_at,
        reply_token=read_token(interaction),
    )


def is_click(interaction: discord.Interaction) -> bool:
    """Whether one of our buttons below a message was pressed."""
    component = interaction.type is discord.InteractionType.component
    return component and _read_custom_id(interaction).startswith(BUTTON_PREFIX)


def is_submission(interaction: discord.Interaction) -> bool:
    """Whether one of our modals was filled in."""
    modal = interaction.type is discord.InteractionType.modal_submit
    return modal and _read_custom_id(interaction).startswith(FORM_PREFIX)


def read_click(interaction: discord.Interaction) -> Command:
    """The command that a button gives, or what was chosen in a menu.

    Its reply replaces a message that one person sees.
    """
    chosen = _read_data(interaction).get("values") or [""]
    spoken = _read_custom_id(interaction).removeprefix(BUTTON_PREFIX) or str(chosen[0])
    name, *words = spoken.split() or [""]
    command = read_command(interaction, name, tuple(words))
    if interaction.message is None or not interaction.message.flags.ephemeral:
        return command
    return replace(command, reply_token={**command.reply_token, REPLACES: "yes"})


def read_submission(interaction: discord.Interaction) -> Submission:
    """A modal as it was filled in."""
    name, *words = _read_custom_id(interaction).removeprefix(FORM_PREFIX).split() or [""]
    parts = _read_data(interaction).get("components") or ()
    return Submission(read_command(interaction, name, tuple(words)), read_values(parts))


def _read_custom_id(interaction: discord.Interaction) -> str:
    return str(_read_data(interaction).get("custom_id") or "")


def _read_data(interaction: discord.Interaction) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", interaction.data or {})


def is_elsewhere(interaction: discord.Interaction) -> bool:
    """Whether an interaction comes from a place that the application was not added to.

    Somebody who installed it for themselves uses it there.
    """
    if interaction.guild_id is not None:
        return not interaction.is_guild_integration()
    return bool(interaction.context.private_channel)


def read_place(interaction: discord.Interaction) -> Place:
    """Where an interaction was begun."""
    channel = str(interaction.channel_id)
    if is_elsewhere(interaction):
        return Place(Platform.DISCORD, ELSEWHERE, channel, ChannelKind.DIRECT)
    direct = interaction.guild_id is None
    kind = (
        ChannelKind.DIRECT if direct else read_channel_kind(interaction.channel, interaction.guild)
    )
    workspace = read_workspace(interaction.guild_id)
    parent = read_parent(interaction.channel)
    return Place(Platform.DISCORD, workspace, channel, kind, parent=parent)


def read_token(interaction: discord.Interaction) -> dict[str, str]:
    """What the messenger needs to answer an interaction."""
    return {
        "application": str(interaction.application_id),
        "interaction": str(interaction.id),
        "token": interaction.token,
        "user": str(interaction.user.id),
    }


def name_message(guild_id: int | None, channel: int, message: int) -> MessageKey:
    """'discord:GUILD:CHANNEL:MESSAGE'."""
    return MessageKey(f"discord:{read_workspace(guild_id)}:{channel}:{message}")


def clean_text(text: str, bot_user: int, find_name: Callable[[str, int], str | None]) -> str:
    """What the person typed: mentions by name, that of the bot left out.

    `find_name` is given a sign ('@', '@&' or '#') and an id.
    """

    def read(found: re.Match[str]) -> str:
        sign, number, emoji = found.groups()
        if emoji:
            return str(emoji)
        sign = sign.rstrip("!")
        if sign == "@" and int(number) == bot_user:
            return ""
        name = find_name(sign, int(number))
        return f"{sign[0]}{name}" if name else str(found[0])

    lines = (" ".join(line.split()) for line in _ENTITY.sub(read, text).splitlines())
    return "\n".join(lines).strip()


def name_thread(question: str) -> str:
    """What a thread for a question is called: its first words, 100 characters at most."""
    words = " ".join(question.split())
    if len(words) <= THREAD_CHARACTERS:
        return words
    return words[: THREAD_CHARACTERS - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def read_now() -> datetime:
    """The time now, in UTC."""
    return discord.utils.utcnow()


def read_guild_id(message: discord.Message) -> int | None:
    """The guild of a message, None for a direct one."""
    if message.guild is not None:
        return message.guild.id
    return getattr(message.channel, "guild_id", None)


def _read_text(message: discord.Message, bot_user: int) -> str:
    """What was typed; a post's title belongs to it."""
    text = clean_text(message.content, bot_user, _find_name(message))
    if isinstance(message.channel, discord.Thread) and is_new_post(message):
        return f"{message.channel.name}\n\n{text}".strip()
    return text


def _find_name(message: discord.Message) -> Callable[[str, int], str | None]:
    def find(sign: str, number: int) -> str | None:
        if sign == "@":
            return next((u.display_name for u in message.mentions if u.id == number), None)
        if message.guild is None:
            return None
        found = (
            message.guild.get_role(number)
            if sign == "@&"
            else message.guild.get_channel_or_thread(number)
        )
        return found.name if found is not None else None

    return find
