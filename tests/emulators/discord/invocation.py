"""What Discord's own client does before it sends an interaction: find the command, check input."""

from typing import Any

from . import render
from .commands import (
    ATTACHMENT,
    BOOLEAN,
    CHANNEL_OPTION,
    GROUP,
    INTEGER,
    MENTIONABLE,
    NUMBER,
    ROLE_OPTION,
    STRING,
    SUBCOMMAND,
    USER_OPTION,
)
from .components import LABEL, RADIO, SELECTS, TEXT_INPUT, UPLOAD, walk
from .errors import DriverError
from .models import DM, Channel, Message, User
from .permissions import BITS
from .state import World

_PLAIN = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}


def find_command(
    world: World, user: User, channel: Channel, name: str, kind: int
) -> dict[str, Any]:
    """The command this person may run here. Raises DriverError."""
    command = world.commands.find(channel.guild_id, name, kind, context_of(channel))
    if command is None or not _is_offered(world, user, channel, command):
        where = channel.name or "direct messages"
        raise DriverError(f"there is no command {name!r} of type {kind} in {where}")
    if channel.guild_id is None:
        return command
    allowed = world.allowed(channel, user.id)
    if not allowed & BITS["use_application_commands"]:
        raise DriverError(f"{user.name} may not use application commands in #{channel.name}")
    wanted = command["default_member_permissions"]
    if wanted is not None:
        missing = int(wanted) & ~allowed
        only_admins = int(wanted) == 0
        if (missing or only_admins) and not allowed & BITS["administrator"]:
            raise DriverError(f"{user.name} does not see /{name}: permissions {wanted} are needed")
    return command


def context_of(channel: Channel) -> int:
    """0 in guilds, 1 in direct messages with the bot, 2 in other private channels."""
    if channel.guild_id is not None:
        return 0
    return 1 if channel.type == DM else 2


def _is_offered(world: World, user: User, channel: Channel, command: dict[str, Any]) -> bool:
    """Whether somebody installed the application for here: the guild, or this person."""
    kinds = command["integration_types"]
    if user.id in world.installed_by and 1 in kinds:
        return True
    return 0 in kinds and (world.is_installed(channel.guild_id) or channel.type == DM)


def build(
    world: World,
    channel: Channel,
    command: dict[str, Any],
    path: list[str],
    values: dict[str, Any],
    *,
    focused: str | None = None,
) -> dict[str, Any]:
    """`data` of a chat input interaction. `path` names groups and subcommands below the command.

    Raises DriverError for options that the client would not let through.
    """
    level, wrap = command, []
    for part in path:
        below = {
            o["name"]: o for o in level.get("options") or [] if o["type"] in (SUBCOMMAND, GROUP)
        }
        if part not in below:
            raise DriverError(f"/{command['name']} has no subcommand {part!r}")
        level = below[part]
        wrap.append(level)
    declared = level.get("options") or []
    if any(option["type"] in (SUBCOMMAND, GROUP) for option in declared):
        raise DriverError(f"/{command['name']} needs a subcommand")
    resolved: dict[str, dict[str, Any]] = {}
    options = _options(world, channel, declared, values, focused=focused, resolved=resolved)
    for entry in reversed(wrap):
        options = [{"type": entry["type"], "name": entry["name"], "options": options}]
    data: dict[str, Any] = {"id": command["id"], "name": command["name"], "type": 1}
    if options:
        data["options"] = options
    if resolved and focused is None:
        data["resolved"] = resolved
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return data


def _options(
    world: World,
    channel: Channel,
    declared: list[dict[str, Any]],
    values: dict[str, Any],
    *,
    focused: str | None,
    resolved: dict[str, dict[str, Any]],
) -> list[dict[str, Any]]:
    unknown = set(values) - {option["name"] for option in declared}
    if unknown:
        raise DriverError(f"unknown options: {', '.join(sorted(unknown))}")
    filled = []
    for option in declared:
        name = option["name"]
        if name not in values:
            if option.get("required") and focused is None:
                raise DriverError(f"the option {name!r} is required")
            continue
        entry: dict[str, Any] = {"name": name, "type": option["type"]}
        if name == focused:
            if not option.get("autocomplete"):
                raise DriverError(f"the option {name!r} does not complete")
            entry |= {"value": values[name], "focused": True}
        else:
            entry["value"] = _value(world, channel, option, values[name], resolved)
        filled.append(entry)
    return filled


def _value(
    world: World,
    channel: Channel,
    option: dict[str, Any],
    value: Any,
    resolved: dict[str, dict[str, Any]],
) -> Any:
    kind, name = option["type"], option["name"]
    if kind not in _PLAIN:
        return _resolve(world, channel, kind, value, resolved)
    if not isinstance(value, _PLAIN[kind]) or (kind != BOOLEAN and isinstance(value, bool)):
        raise DriverError(f"the option {name!r} takes another type than {type(value).__name__}")
    choices = [choice["value"] for choice in option.get("choices") or []]
    if choices and value not in choices:
        raise DriverError(f"the option {name!r} takes one of {choices}")
    size = len(value) if kind == STRING else value
    least, most = ("min_length", "max_length") if kind == STRING else ("min_value", "max_value")
    ceiling = option.get(most, 6000 if kind == STRING else None)
    if (least in option and size < option[least]) or (ceiling is not None and size > ceiling):
        raise DriverError(f"the option {name!r} is out of its limits")
    return value


def _resolve(
    world: World, channel: Channel, kind: int, value: Any, resolved: dict[str, dict[str, Any]]
) -> str:
    guild = world.guild_of(channel)
    if kind == CHANNEL_OPTION:
        chosen = world.find_channel(value)
        entry = render.partial_channel(world, chosen, world.bot.id)
        resolved.setdefault("channels", {})[str(chosen.id)] = entry
        return str(chosen.id)
    if kind == ATTACHMENT:
        resolved.setdefault("attachments", {})[value["id"]] = value
        return str(value["id"])
    if kind in (ROLE_OPTION, MENTIONABLE) and guild is not None:
        for role in guild.roles.values():
            if str(value).lstrip("@") in (str(role.id), role.name):
                resolved.setdefault("roles", {})[str(role.id)] = render.role(role)
                return str(role.id)
    if kind not in (USER_OPTION, MENTIONABLE):
        raise DriverError(f"there is no role {value!r}")
    user = world.find_user(value)
    add_user(world, channel, user, resolved)
    return str(user.id)


def add_user(
    world: World, channel: Channel, user: User, resolved: dict[str, dict[str, Any]]
) -> None:
    """Put a user, and its membership where there is one, into resolved data."""
    resolved.setdefault("users", {})[str(user.id)] = render.user(user)
    guild = world.guild_of(channel)
    if guild is not None and user.id in guild.members:
        entry = render.member(world, guild, user.id, with_user=False)
        entry["permissions"] = str(world.allowed(channel, user.id))
        resolved.setdefault("members", {})[str(user.id)] = entry


def find_component(message: Message, which: str | None, kinds: tuple[int, ...]) -> dict[str, Any]:
    """The enabled component with this custom_id or label. Raises DriverError."""
    found = [c for c in walk(message.components) if c.get("type") in kinds]
    for component in found:
        if which is None or which in (component.get("custom_id"), component.get("label")):
            if component.get("disabled"):
                raise DriverError(f"the component {which!r} is disabled")
            if not component.get("custom_id"):
                raise DriverError(f"the component {which!r} is a link")
            return component
    names = [c.get("custom_id") or c.get("label") for c in found]
    raise DriverError(f"message {message.id} has no component {which!r}; it has {names}")


def select_data(
    world: World, channel: Channel, component: dict[str, Any], values: list[str]
) -> dict[str, Any]:
    """`data` of a select interaction. Raises DriverError for values it does not offer."""
    least, most = component.get("min_values", 1), component.get("max_values", 1)
    if not least <= len(values) <= most:
        raise DriverError(f"choose {least} to {most} values")
    data: dict[str, Any] = {
        "component_type": component["type"],
        "custom_id": component["custom_id"],
        "id": component.get("id"),
    }
    resolved: dict[str, dict[str, Any]] = {}
    if component["type"] == 3:
        data["values"] = [_offered(component, value) for value in values]
        return data
    kinds = {5: USER_OPTION, 6: ROLE_OPTION, 7: MENTIONABLE, 8: CHANNEL_OPTION}
    kind = kinds[component["type"]]
    data["values"] = [_resolve(world, channel, kind, value, resolved) for value in values]
    data["resolved"] = resolved
    return data


def _offered(component: dict[str, Any], wanted: str) -> str:
    """The value of the option with this value or label. Raises DriverError."""
    options = component.get("options") or []
    for option in options:
        if wanted in (option["value"], option["label"]):
            return str(option["value"])
    labels = [option["label"] for option in options]
    raise DriverError(f"the select offers {labels}, not {wanted!r}")


def modal_data(modal: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """`data` of a modal submission; `values` by custom_id or label. Raises DriverError."""
    left = dict(values)
    parts = []
    for part in modal["components"]:
        if part["type"] == LABEL:
            item = _filled(part["component"], part["label"], left)
            parts.append({"type": LABEL, "id": part.get("id", 0), "component": item})
        elif part.get("components"):
            items = [_filled(item, item.get("label"), left) for item in part["components"]]
            parts.append({"type": part["type"], "id": part.get("id", 0), "components": items})
    if left:
        raise DriverError(f"the modal has no fields {sorted(left)}")
    return {"custom_id": modal["custom_id"], "components": parts}


def _filled(item: dict[str, Any], label: str | None, left: dict[str, Any]) -> dict[str, Any]:
    name = item["custom_id"]
    given = left.pop(name, left.pop(label, None) if label is not None else None)
    data = {"type": item["type"], "custom_id": name, "id": item.get("id", 0)}
    required = item.get("required", True)
    if item["type"] == TEXT_INPUT:
        text = given if given is not None else item.get("value") or ""
        least, most = item.get("min_length") or 0, item.get("max_length") or 4000
        if (required or text) and not max(least, int(required)) <= len(text) <= most:
            raise DriverError(f"the field {label or name!r} takes {least} to {most} characters")
        return data | {"value": text}
    if item["type"] in SELECTS or item["type"] == UPLOAD:
        chosen = given or []
        if item["type"] == 3:
            chosen = [_offered(item, value) for value in chosen]
        if required and not chosen:
            raise DriverError(f"the field {label or name!r} is required")
        return data | {"values": chosen}
    if item["type"] == RADIO:
        return data | {"value": given}
    return data | ({"values": given or []} if isinstance(given, list) else {"value": bool(given)})
