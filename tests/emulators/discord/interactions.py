"""Interactions: their way to the bot, its answer within 3 s, and follow-ups for 15 minutes."""

from typing import Any

from . import messages, render
from .commands import check_choices
from .components import check_modal
from .errors import FormErrors, api_error, form_error
from .models import (
    COMPONENTS_V2,
    DM,
    EPHEMERAL,
    HAS_THREAD,
    LOADING,
    Channel,
    Interaction,
    Message,
    User,
)
from .state import Event, World
from .validators import check_message, message_flags

ANSWER_WITHIN = 3.0
TOKEN_LIFE = 15 * 60.0
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFER_MESSAGE, DEFER_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
_ALLOWED = {
    COMMAND: (MESSAGE, DEFER_MESSAGE, MODAL),
    COMPONENT: (MESSAGE, DEFER_MESSAGE, DEFER_UPDATE, UPDATE, MODAL),
    AUTOCOMPLETE: (CHOICES,),
    MODAL_SUBMIT: (MESSAGE, DEFER_MESSAGE, DEFER_UPDATE, UPDATE),
}


def begin(
    world: World,
    kind: int,
    user: User,
    channel: Channel,
    data: dict[str, Any],
    *,
    name: str = "",
    message: Message | None = None,
    origin: Interaction | None = None,
) -> Interaction:
    """Start an interaction and dispatch it to the bot."""
    interaction = Interaction(
        world.snowflake(),
        world.secret(),
        kind,
        user.id,
        channel.guild_id,
        channel.id,
        data,
        world.clock.now(),
        name,
        message.id if message else None,
        origin.id if origin else None,
    )
    world.interactions[interaction.id] = interaction
    world.interaction_tokens[interaction.token] = interaction.id
    world.journal.append(
        "discord.interaction", id=str(interaction.id), type=kind, name=name, user=user.name
    )
    dispatch(world, interaction)
    return interaction


def dispatch(world: World, interaction: Interaction) -> None:
    """Send INTERACTION_CREATE (also used to deliver it a second time)."""
    data = payload(world, interaction)
    world.emit(Event("INTERACTION_CREATE", data, interaction.guild_id))


def payload(world: World, interaction: Interaction) -> dict[str, Any]:
    """The body of INTERACTION_CREATE."""
    channel = world.channels[interaction.channel_id]
    user = world.users[interaction.user_id]
    guild = world.guild_of(channel)
    allowed = world.allowed(channel, world.bot.id)
    data: dict[str, Any] = {
        "id": str(interaction.id),
        "application_id": str(world.application_id),
        "type": interaction.type,
        "token": interaction.token,
        "version": 1,
        "data": interaction.data,
        "channel_id": str(channel.id),
        "channel": render.partial_channel(world, channel, user.id),
        "app_permissions": str(allowed),
        "locale": user.locale,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "attachment_size_limit": 10485760,
    }
    data["authorizing_integration_owners"] = _owners(world, interaction)
    if guild is None:
        data |= {
            "user": render.user(user),
            "context": 1 if channel.type == DM else 2,
        }
    else:
        data |= {
            "guild_id": str(guild.id),
            "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": render.acting_member(world, guild, channel, user.id),
            "context": 0,
        }
    if interaction.message_id is not None:
        data["message"] = render.message(world, world.messages[interaction.message_id])
    return data


def _owners(world: World, interaction: Interaction) -> dict[str, str]:
    """For whom the application was installed: 0, the guild (direct messages: '0'); 1, the person.

    https://discord.com/developers/docs/interactions/receiving-and-responding
    """
    owners = {}
    channel = world.channels[interaction.channel_id]
    if channel.type == DM:
        owners["0"] = "0"
    elif world.is_installed(interaction.guild_id):
        owners["0"] = str(interaction.guild_id)
    if interaction.user_id in world.installed_by:
        owners["1"] = str(interaction.user_id)
    return owners


def status(world: World, interaction: Interaction) -> str:
    """`pending`, `failed` (no answer in 3 s), `deferred`, `answered`, `modal` or `choices`."""
    if interaction.response_type is None:
        late = world.clock.now() - interaction.created_at > ANSWER_WITHIN
        return "failed" if late else "pending"
    if interaction.response_type == MODAL:
        return "modal"
    if interaction.response_type == CHOICES:
        return "choices"
    return "deferred" if interaction.deferred else "answered"


def _metadata(world: World, interaction: Interaction) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": render.user(world.users[interaction.user_id]),
        "authorizing_integration_owners": _owners(world, interaction),
    }
    if interaction.name:
        data["name"] = interaction.name
    if interaction.type == COMPONENT:
        data["interacted_message_id"] = str(interaction.message_id)
    if interaction.type == MODAL_SUBMIT and interaction.from_interaction is not None:
        origin = world.interactions[interaction.from_interaction]
        data["triggering_interaction_metadata"] = _metadata(world, origin)
    return data


def _write(
    world: World,
    interaction: Interaction,
    body: dict[str, Any],
    flags: int,
    attachments: list[dict[str, Any]] | None,
) -> Message:
    channel = world.channels[interaction.channel_id]
    hidden = interaction.user_id if flags & EPHEMERAL else None
    kind = 0
    if interaction.type == COMMAND:
        chat = interaction.data.get("type", 1) == 1
        kind = messages.CHAT_INPUT if chat else messages.CONTEXT_MENU
    return messages.create(
        world,
        channel,
        world.bot.id,
        body,
        flags=flags,
        kind=kind,
        attachments=attachments,
        ephemeral_for=hidden,
        interaction=_metadata(world, interaction),
    )


def respond(
    world: World,
    interaction_id: int,
    token: str,
    body: dict[str, Any],
    attachments: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Take the bot's first answer; return the body for `with_response`.

    Raises ApiError 10062 (unknown, wrong token, or later than 3 s), 40060 (answered before) and
    50035 (an answer that does not fit the interaction or breaks a limit).
    """
    interaction = world.interactions.get(interaction_id)
    if interaction is None or interaction.token != token:
        raise api_error(10062)
    if interaction.response_type is not None:
        raise api_error(40060)
    if world.clock.now() - interaction.created_at > ANSWER_WITHIN:
        raise api_error(10062)
    kind = body.get("type")
    allowed = _ALLOWED[interaction.type]
    if interaction.type == MODAL_SUBMIT and interaction.message_id is None:
        allowed = (MESSAGE, DEFER_MESSAGE)
    if kind not in allowed:
        names = ", ".join(map(str, allowed))
        raise form_error("type", "BASE_TYPE_CHOICES", f"Value must be one of ({names}).")
    message = _apply(world, interaction, kind, body.get("data") or {}, attachments)
    interaction.response_type = kind
    interaction.acknowledged_at = world.clock.now()
    world.journal.append(
        "discord.response",
        interaction=str(interaction.id),
        type=kind,
        after=interaction.acknowledged_at - interaction.created_at,
    )
    return _callback_body(world, interaction, kind, message)


def _callback_body(
    world: World, interaction: Interaction, kind: int, message: Message | None
) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
    resource: dict[str, Any] = {"type": kind}
    if message is not None:
        answer |= {
            "response_message_id": str(message.id),
            "response_message_loading": bool(message.flags & LOADING),
            "response_message_ephemeral": bool(message.flags & EPHEMERAL),
        }
        resource["message"] = render.message(world, message)
    return {"interaction": answer, "resource": resource}


def _apply(
    world: World,
    interaction: Interaction,
    kind: int,
    data: dict[str, Any],
    attachments: list[dict[str, Any]] | None,
) -> Message | None:
    if kind == CHOICES:
        _take_choices(interaction, data)
        return None
    if kind == MODAL:
        check_modal(data)
        interaction.modal = data
        return None
    if kind in (DEFER_UPDATE, UPDATE):
        interaction.original_id = interaction.message_id
        source = world.messages[interaction.message_id or 0]
        if kind == UPDATE:
            change(world, source, data, attachments)
        return source
    flags = message_flags(data, ephemeral_allowed=True)
    interaction.ephemeral = bool(flags & EPHEMERAL)
    if kind == DEFER_MESSAGE:
        interaction.deferred = True
        message = _write(world, interaction, {}, (flags & EPHEMERAL) | LOADING, None)
    else:
        check_message(data, flags=flags)
        message = _write(world, interaction, data, flags, attachments)
    interaction.original_id = message.id
    return message


def _take_choices(interaction: Interaction, data: dict[str, Any]) -> None:
    errors = FormErrors()
    choices = data.get("choices") or []
    if errors.count("data.choices", choices, 25):
        check_choices(errors, "data.choices", choices)
    errors.throw()
    interaction.choices = choices


def change(
    world: World,
    message: Message,
    body: dict[str, Any],
    attachments: list[dict[str, Any]] | None = None,
) -> Message:
    """Edit a message through its interaction, with the checks of a message edit."""
    asked = message_flags(body) if "flags" in body else message.flags & ~LOADING
    flags = asked | (message.flags & (COMPONENTS_V2 | EPHEMERAL | HAS_THREAD))
    merged = messages.as_payload(message, body)
    if attachments is not None:
        merged["attachments"] = attachments
    check_message(merged, flags=flags)
    was_loading = bool(message.flags & LOADING)
    return messages.edit(
        world, message, body, flags=flags, attachments=attachments, silent=was_loading
    )


def by_token(world: World, application_id: int, token: str) -> Interaction:
    """The interaction whose follow-ups go through this token.

    Raises ApiError 50027 (wrong or older than 15 min) and 10015 (not answered yet).
    """
    if application_id != world.application_id:
        raise api_error(10015)
    number = world.interaction_tokens.get(token)
    if number is None:
        raise api_error(50027)
    interaction = world.interactions[number]
    if world.clock.now() - interaction.created_at > TOKEN_LIFE:
        raise api_error(50027)
    if interaction.response_type is None:
        raise api_error(10015)
    return interaction


def follow_up(
    world: World,
    interaction: Interaction,
    body: dict[str, Any],
    attachments: list[dict[str, Any]] | None = None,
) -> Message:
    """Post another message; the first one after a defer takes the place of 'thinking…'."""
    flags = message_flags(body, ephemeral_allowed=True)
    checked = body | ({"attachments": attachments} if attachments else {})
    check_message(checked, flags=flags)
    if interaction.deferred and interaction.original_id is not None:
        original = world.messages[interaction.original_id]
        if original.flags & LOADING and not original.deleted:
            interaction.deferred = False
            return change(world, original, body, attachments)
    message = _write(world, interaction, body, flags, attachments)
    interaction.followups.append(message.id)
    return message


def find(world: World, interaction: Interaction, which: str) -> Message:
    """`@original` or a follow-up by id. Raises ApiError 10008."""
    number = interaction.original_id if which == "@original" else None
    if which.isdigit() and int(which) in (interaction.original_id, *interaction.followups):
        number = int(which)
    if number is None or world.messages[number].deleted:
        raise api_error(10008)
    return world.messages[number]


def edit(
    world: World,
    interaction: Interaction,
    which: str,
    body: dict[str, Any],
    attachments: list[dict[str, Any]] | None = None,
) -> Message:
    """Edit `@original` or a follow-up. Raises ApiError 10008 and those of the validators."""
    message = find(world, interaction, which)
    changed = change(world, message, body, attachments)
    if message.id == interaction.original_id:
        interaction.deferred = False
    return changed


def view(world: World, interaction: Interaction) -> dict[str, Any]:
    """An interaction as the driver shows it."""

    def seen(number: int | None) -> dict[str, Any] | None:
        if number is None or world.messages[number].deleted:
            return None
        return render.message(world, world.messages[number])

    return {
        "id": str(interaction.id),
        "type": interaction.type,
        "name": interaction.name,
        "status": status(world, interaction),
        "response_type": interaction.response_type,
        "deferred": interaction.deferred,
        "ephemeral": interaction.ephemeral,
        "answered_after": (
            None
            if interaction.acknowledged_at is None
            else interaction.acknowledged_at - interaction.created_at
        ),
        "original": seen(interaction.original_id),
        "followups": [entry for entry in map(seen, interaction.followups) if entry],
        "modal": interaction.modal,
        "choices": interaction.choices,
    }
