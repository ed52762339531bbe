"""REST routes for application commands, interaction callbacks and their webhooks."""

from typing import Any

from . import interactions, messages, render
from .errors import api_error
from .models import Interaction
from .rest import Call, Route, attachments

_WEBHOOK = "/webhooks/{application_id}/{token}"
_COMMANDS = "/applications/{application_id}/commands"
_GUILD_COMMANDS = "/applications/{application_id}/guilds/{guild_id}/commands"


def _scope(call: Call) -> int | None:
    """The guild whose commands are meant. Raises ApiError 20012 or 50001."""
    if call.id("application_id") != call.world.application_id:
        raise api_error(20012)
    if "guild_id" not in call.params:
        return None
    guild = call.world.guilds.get(call.id("guild_id"))
    if guild is None or call.world.bot.id not in guild.members:
        raise api_error(50001)
    return guild.id


def list_commands(call: Call) -> Any:
    return call.world.commands.listed(_scope(call))


def replace_commands(call: Call) -> Any:
    scope = _scope(call)
    records = call.world.commands.replace(scope, call.body, call.world.snowflake)
    names = [record["name"] for record in records]
    call.world.journal.append("discord.commands_replaced", guild=scope, names=names)
    return records


def create_command(call: Call) -> Any:
    record, is_new = call.world.commands.upsert(_scope(call), call.form(), call.world.snowflake)
    return (201 if is_new else 200), record


def get_command(call: Call) -> Any:
    return call.world.commands.get(_scope(call), call.id("command_id"))


def edit_command(call: Call) -> Any:
    scope = _scope(call)
    known = call.world.commands.get(scope, call.id("command_id"))
    body = known | call.form() | {"name": known["name"], "type": known["type"]}
    return call.world.commands.upsert(scope, body, call.world.snowflake)[0]


def delete_command(call: Call) -> Any:
    call.world.commands.remove(_scope(call), call.id("command_id"))


def callback(call: Call) -> Any:
    body = call.form()
    number = call.id("interaction_id")
    interaction = call.world.interactions.get(number)
    files = None
    if interaction is not None and call.files:
        files = attachments(call, interaction.channel_id, body.get("data") or {}, [])
        body = body | {"data": (body.get("data") or {}) | {"attachments": files}}
    answer = interactions.respond(call.world, number, call.params["token"], body, files)
    return answer if call.query.get("with_response") in ("1", "true", "True") else None


def _interaction(call: Call) -> Interaction:
    return interactions.by_token(call.world, call.id("application_id"), call.params["token"])


def follow_up(call: Call) -> Any:
    interaction, body = _interaction(call), call.form()
    files = attachments(call, interaction.channel_id, body, [])
    message = interactions.follow_up(call.world, interaction, body, files)
    # Interaction webhooks always answer with the message, `wait` or not.
    return render.message(call.world, message)


def get_response(call: Call) -> Any:
    message = interactions.find(call.world, _interaction(call), call.params["message_id"])
    return render.message(call.world, message)


def edit_response(call: Call) -> Any:
    interaction, body = _interaction(call), call.form()
    which = call.params["message_id"]
    message = interactions.find(call.world, interaction, which)
    files = attachments(call, interaction.channel_id, body, message.attachments)
    changed = interactions.edit(call.world, interaction, which, body, files)
    return render.message(call.world, changed)


def delete_response(call: Call) -> Any:
    message = interactions.find(call.world, _interaction(call), call.params["message_id"])
    messages.delete(call.world, message)


def _hook(method: str, path: str, bucket: str, handler: Any) -> Route:
    return Route(method, path, bucket, handler, "token", needs_token=False)


def _command_routes(base: str, bucket: str) -> tuple[Route, ...]:
    one = base + "/{command_id}"
    return (
        Route("GET", base, bucket, list_commands),
        Route("PUT", base, bucket, replace_commands),
        Route("POST", base, bucket, create_command),
        Route("GET", one, bucket, get_command),
        Route("PATCH", one, bucket, edit_command),
        Route("DELETE", one, bucket, delete_command),
    )


ROUTES = (
    *_command_routes(_COMMANDS, "commands"),
    *_command_routes(_GUILD_COMMANDS, "commands.guild"),
    _hook("POST", "/interactions/{interaction_id}/{token}/callback", "callback", callback),
    _hook("POST", _WEBHOOK, "followups.create", follow_up),
    _hook("GET", _WEBHOOK + "/messages/{message_id}", "followups.get", get_response),
    _hook("PATCH", _WEBHOOK + "/messages/{message_id}", "followups.edit", edit_response),
    _hook("DELETE", _WEBHOOK + "/messages/{message_id}", "followups.delete", delete_response),
)
