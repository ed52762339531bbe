"""Application commands: what may be registered, and the store of what is."""

import re
from collections.abc import Callable
from typing import Any

from .errors import FormErrors, api_error

CHAT, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN = 1, 2, 3, 4, 5
USER_OPTION, CHANNEL_OPTION, ROLE_OPTION, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11
_MOST = {CHAT: 100, USER: 5, MESSAGE: 5}
# \w covers letters and digits of every script; Discord adds the hyphen and the apostrophe.
_NAME = re.compile(r"^[-_'\w]{1,32}$")
_KEPT = (
    "name_localizations",
    "description_localizations",
    "options",
    "default_member_permissions",
    "dm_permission",
    "nsfw",
    "contexts",
    "integration_types",
)


def _check_name(errors: FormErrors, path: str, name: Any, *, chat: bool) -> None:
    if not isinstance(name, str) or not name:
        errors.required(f"{path}name")
    elif not 1 <= len(name) <= 32:
        errors.length(f"{path}name", name, 32, 1)
    elif chat and (not _NAME.match(name) or name != name.lower()):
        text = "Command name is invalid"
        errors.add(f"{path}name", "APPLICATION_COMMAND_INVALID_NAME", text)


def _check_choices(errors: FormErrors, path: str, option: dict[str, Any]) -> None:
    choices = option.get("choices") or []
    if not errors.count(f"{path}choices", choices, 25):
        return
    if choices and option.get("autocomplete"):
        text = "Autocomplete and choices are mutually exclusive"
        code = "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES_EXCLUSIVE"
        errors.add(f"{path}choices", code, text)
    check_choices(errors, f"{path}choices", choices)


def check_choices(errors: FormErrors, path: str, choices: list[dict[str, Any]]) -> None:
    """Check names (1 to 100) and values (strings up to 100) of fixed or completed choices."""
    seen: set[str] = set()
    for number, choice in enumerate(choices):
        name = choice.get("name", "")
        errors.length(f"{path}.{number}.name", name, 100, 1)
        if isinstance(choice.get("value"), str):
            errors.length(f"{path}.{number}.value", choice["value"], 100)
        elif not isinstance(choice.get("value"), (int, float)):
            errors.required(f"{path}.{number}.value")
        if name in seen:
            text = "The specified option name is already used"
            code = "APPLICATION_COMMAND_OPTIONS_CHOICES_NAME_ALREADY_EXISTS"
            errors.add(f"{path}.{number}.name", code, text)
        seen.add(name)


def _check_option(errors: FormErrors, path: str, option: dict[str, Any], depth: int) -> None:
    kind = option.get("type")
    if kind not in range(1, 12):
        errors.choices(f"{path}type", tuple(range(1, 12)))
        return
    _check_name(errors, path, option.get("name"), chat=True)
    errors.length(f"{path}description", option.get("description") or "", 100, 1)
    if (kind == GROUP and depth > 0) or (kind == SUBCOMMAND and depth > 1):
        text = "Sub-command option type is not supported at this depth"
        errors.add(f"{path}type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", text)
    if kind in (SUBCOMMAND, GROUP):
        _check_options(errors, f"{path}options", option.get("options") or [], depth + 1)
    else:
        _check_choices(errors, path, option)


def _check_options(
    errors: FormErrors, path: str, options: list[dict[str, Any]], depth: int = 0
) -> None:
    if not errors.count(path, options, 25):
        return
    seen: set[str] = set()
    optional_seen = False
    for number, option in enumerate(options):
        _check_option(errors, f"{path}.{number}.", option, depth)
        if option.get("name") in seen:
            text = "Option name already exists"
            code = "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"
            errors.add(f"{path}.{number}.name", code, text)
        seen.add(option.get("name", ""))
        if option.get("required") and optional_seen:
            text = "Required options must be placed before non-required options"
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            errors.add(f"{path}.{number}", code, text)
        optional_seen = optional_seen or not option.get("required")


def _size(command: dict[str, Any]) -> int:
    """Characters of names, descriptions and choice values, which may add up to 8,000."""
    total = len(command.get("name") or "") + len(command.get("description") or "")
    for choice in command.get("choices") or []:
        total += len(choice.get("name") or "") + len(str(choice.get("value") or ""))
    return total + sum(_size(option) for option in command.get("options") or [])


def check_command(errors: FormErrors, path: str, command: dict[str, Any]) -> None:
    """Check one command body; `path` ends with a dot or is empty."""
    kind = command.get("type") or CHAT
    if kind not in (CHAT, USER, MESSAGE):
        errors.choices(f"{path}type", (CHAT, USER, MESSAGE))
        return
    _check_name(errors, path, command.get("name"), chat=kind == CHAT)
    if kind == CHAT:
        errors.length(f"{path}description", command.get("description") or "", 100, 1)
        _check_options(errors, f"{path}options", command.get("options") or [])
        if _size(command) > 8000:
            text = "Command exceeds maximum size (8000)"
            errors.add(path.rstrip(".") or "options", "APPLICATION_COMMAND_TOO_LARGE", text)
    elif command.get("description"):
        text = "Context menu commands cannot have description"
        code = "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_CANNOT_BE_SET"
        errors.add(f"{path}description", code, text)


class CommandStore:
    """Commands by scope: `None` is global, otherwise a guild id."""

    def __init__(self, application_id: int) -> None:
        self._application_id = application_id
        self._commands: dict[int | None, list[dict[str, Any]]] = {}

    def listed(self, guild_id: int | None) -> list[dict[str, Any]]:
        return list(self._commands.get(guild_id, []))

    def get(self, guild_id: int | None, command_id: int) -> dict[str, Any]:
        """The command with this id. Raises ApiError 10063."""
        for command in self._commands.get(guild_id, []):
            if command["id"] == str(command_id):
                return command
        raise api_error(10063)

    def _known(self, guild_id: int | None, name: str, kind: int) -> dict[str, Any] | None:
        for command in self._commands.get(guild_id, []):
            if command["name"] == name and command["type"] == kind:
                return command
        return None

    def _record(
        self, guild_id: int | None, body: dict[str, Any], make_id: Callable[[], int]
    ) -> tuple[dict[str, Any], bool]:
        kind = body.get("type") or CHAT
        known = self._known(guild_id, body["name"], kind)
        record: dict[str, Any] = {key: body[key] for key in _KEPT if body.get(key) is not None}
        record |= {
            "id": known["id"] if known else str(make_id()),
            "application_id": str(self._application_id),
            "version": str(make_id()),
            "type": kind,
            "name": body["name"],
            "description": body.get("description") or "",
            "nsfw": bool(body.get("nsfw")),
            "dm_permission": body.get("dm_permission", True),
            "contexts": body.get("contexts"),
            "integration_types": body.get("integration_types") or [0],
        }
        permissions = body.get("default_member_permissions")
        record["default_member_permissions"] = None if permissions is None else str(permissions)
        if guild_id is not None:
            record["guild_id"] = str(guild_id)
        return record, known is None

    def replace(
        self, guild_id: int | None, bodies: Any, make_id: Callable[[], int]
    ) -> list[dict[str, Any]]:
        """Overwrite a scope; ids of commands that keep name and type stay. Raises ApiError."""
        errors = FormErrors()
        if errors.count("commands", bodies, 110):
            for number, body in enumerate(bodies):
                check_command(errors, f"{number}.", body)
            names = [(body.get("name"), body.get("type") or CHAT) for body in bodies]
            for number, name in enumerate(names):
                if name in names[:number]:
                    text = "Application command names must be unique"
                    code = "APPLICATION_COMMANDS_DUPLICATE_NAME"
                    errors.add(f"{number}.name", code, text)
        errors.throw()
        self._check_count([body.get("type") or CHAT for body in bodies])
        records = [self._record(guild_id, body, make_id)[0] for body in bodies]
        self._commands[guild_id] = records
        return records

    def upsert(
        self, guild_id: int | None, body: dict[str, Any], make_id: Callable[[], int]
    ) -> tuple[dict[str, Any], bool]:
        """Create or overwrite one command; second value: whether it is new. Raises ApiError."""
        errors = FormErrors()
        check_command(errors, "", body)
        errors.throw()
        record, is_new = self._record(guild_id, body, make_id)
        rest = [c for c in self._commands.get(guild_id, []) if c["id"] != record["id"]]
        self._check_count([command["type"] for command in [*rest, record]])
        self._commands[guild_id] = [*rest, record]
        return record, is_new

    def remove(self, guild_id: int | None, command_id: int) -> None:
        """Delete one command. Raises ApiError 10063."""
        command = self.get(guild_id, command_id)
        self._commands[guild_id].remove(command)

    @staticmethod
    def _check_count(kinds: list[int]) -> None:
        for kind, most in _MOST.items():
            if kinds.count(kind) > most:
                raise api_error(30032)

    def find(
        self, guild_id: int | None, name: str, kind: int, context: int
    ) -> dict[str, Any] | None:
        """What a person would see under this name there: a guild's own command first.

        `context` is 0 in guilds, 1 in direct messages with the bot, 2 in other private channels.
        """
        own = self._known(guild_id, name, kind) if guild_id is not None else None
        command = own or self._known(None, name, kind)
        if command is None:
            return None
        contexts = command.get("contexts")
        if contexts is not None:
            allowed = context in contexts
        else:
            allowed = context == 0 or (context == 1 and command["dm_permission"])
        return command if allowed else None
