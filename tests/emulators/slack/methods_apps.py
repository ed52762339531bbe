"""auth.test, apps.connections.open, assistant.threads.*, views.*."""

from typing import Any

from .calls import Call, Method
from .errors import SlackError, invalid_arguments
from .shapes import view_json
from .state import AssistantStatus, View


def auth_test(call: Call) -> dict[str, Any]:
    """auth.test."""
    workspace, app = call.backend.workspace, call.backend.app
    return {
        "url": f"https://{workspace.domain}.slack.com/",
        "team": workspace.team_name,
        "user": call.backend.bot.name,
        "team_id": workspace.team_id,
        "user_id": app.bot_user,
        "bot_id": app.bot_id,
        "enterprise_id": call.backend.organisation,
        "is_enterprise_install": call.backend.org_wide,
    }


def revoke(call: Call) -> dict[str, Any]:
    """auth.revoke."""
    call.backend.app.installed = False
    return {"revoked": True}


def open_connection(call: Call) -> dict[str, Any]:
    """apps.connections.open."""
    return {"url": call.backend.sockets.new_url(call.backend.origin)}


def set_status(call: Call) -> dict[str, Any]:
    """assistant.threads.setStatus; an empty status takes it away."""
    channel = call.channel("channel_id")
    thread_ts = call.string("thread_ts", required=True)
    if thread_ts not in channel.messages:
        raise SlackError("thread_not_found")
    status = call.string("status")
    lines = call.listing("loading_messages")
    if len(lines) > 10:
        raise invalid_arguments("no more than 10 items allowed [json-pointer:/loading_messages]")
    key = (channel.id, thread_ts)
    call.backend.workspace.statuses.pop(key, None)
    if status:
        now = call.backend.clock.now()
        call.backend.workspace.statuses[key] = AssistantStatus(status, tuple(lines), now)
    call.backend.journal.append(
        "assistant.status", channel=channel.id, thread_ts=thread_ts, status=status
    )
    return {}


def set_prompts(call: Call) -> dict[str, Any]:
    """assistant.threads.setSuggestedPrompts; shown only without thread_ts, as in agent_view."""
    channel = call.channel("channel_id")
    prompts = call.args.get("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= 4:
        raise invalid_arguments("between 1 and 4 items allowed [json-pointer:/prompts]")
    for prompt in prompts:
        if not isinstance(prompt, dict) or not prompt.get("title") or not prompt.get("message"):
            raise invalid_arguments("missing required field: title, message")
    shown = not call.string("thread_ts")
    if shown:
        title = call.string("title")
        call.backend.workspace.prompts[channel.id] = {"title": title, "prompts": prompts}
    call.backend.journal.append("assistant.prompts", channel=channel.id, shown=shown)
    return {}


def set_title(call: Call) -> dict[str, Any]:
    """assistant.threads.setTitle."""
    channel = call.channel("channel_id")
    key = (channel.id, call.string("thread_ts", required=True))
    call.backend.workspace.titles[key] = call.string("title", required=True)
    return {}


def open_view(call: Call) -> dict[str, Any]:
    """views.open."""
    interactions = call.backend.interactions
    definition = call.args.get("view")
    trigger = interactions.exchange(call.string("trigger_id", required=True))
    return _view(call, interactions.open_view(trigger.user, definition))


def push_view(call: Call) -> dict[str, Any]:
    """views.push."""
    interactions = call.backend.interactions
    trigger = interactions.exchange(call.string("trigger_id", required=True))
    under = call.backend.workspace.views.get(trigger.view_id or "")
    return _view(call, interactions.open_view(trigger.user, call.args.get("view"), under=under))


def update_view(call: Call) -> dict[str, Any]:
    """views.update, by view_id or external_id."""
    view_id, external_id = call.string("view_id"), call.string("external_id")
    if not view_id and not external_id:
        raise invalid_arguments("missing required field: view_id")
    for view in call.backend.workspace.views.values():
        if view.id == view_id or (
            external_id and view.definition.get("external_id") == external_id
        ):
            given_hash = call.string("hash") or None
            changed = call.backend.interactions.update_view(view, call.args.get("view"), given_hash)
            return _view(call, changed)
    raise SlackError("not_found")


def publish_view(call: Call) -> dict[str, Any]:
    """views.publish."""
    user = call.backend.workspace.users.get(call.string("user_id", required=True))
    if user is None:
        raise SlackError("invalid_arguments")
    view = call.backend.interactions.publish_home(
        user, call.args.get("view"), call.string("hash") or None
    )
    return _view(call, view)


def _view(call: Call, view: View) -> dict[str, Any]:
    app = call.backend.app
    return {"view": view_json(call.backend.workspace, view, app_id=app.app_id, bot_id=app.bot_id)}


METHODS = {
    "auth.test": Method(auth_test),
    "auth.revoke": Method(revoke),
    "apps.connections.open": Method(open_connection, ("connections:write",), app_token=True),
    "assistant.threads.setStatus": Method(set_status, ("chat:write", "assistant:write")),
    "assistant.threads.setSuggestedPrompts": Method(set_prompts, ("assistant:write",)),
    "assistant.threads.setTitle": Method(set_title, ("assistant:write",)),
    "views.open": Method(open_view),
    "views.push": Method(push_view),
    "views.update": Method(update_view),
    "views.publish": Method(publish_view),
}
