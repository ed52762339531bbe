"""Slack's refusals as the bot's own errors."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import ConnectionRefused, DeliveryFailed, DeliveryRefused, RateLimited

REFUSALS = {
    "account_inactive": "the app was removed from the workspace",
    "cannot_dm_bot": "bots cannot be written to",
    "channel_not_found": "the channel is gone, or the app is not in it",
    "ekm_access_denied": "an administrator has suspended posting",
    "invalid_auth": "Slack does not accept SLACK_BOT_TOKEN any more",
    "is_archived": "the channel is archived",
    "message_not_found": "the message was deleted",
    "cant_update_message": "the message is not the bot's own",
    "missing_scope": "the app lacks a scope: install it again with the current manifest",
    "no_permission": "the app may not post there",
    "not_authed": "SLACK_BOT_TOKEN is missing",
    "not_in_channel": "the app is not in the channel: invite it",
    "org_login_required": "the workspace is being moved",
    "restricted_action": "an administrator has restricted posting in this channel",
    "restricted_action_read_only_channel": "the channel is read-only",
    "restricted_action_thread_locked": "the thread is locked",
    "team_access_not_granted": "the app is not installed in this workspace",
    "thread_not_found": "the thread was deleted",
    "token_expired": "SLACK_BOT_TOKEN has expired",
    "token_revoked": "SLACK_BOT_TOKEN was revoked",
    "user_not_in_channel": "the person is not in the channel",
}
"""Refusals that stand however often a call is repeated, and what they mean."""

NETWORK_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, ConnectionError)

TOKEN_ERRORS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)


CLIENT_ERRORS = (*NETWORK_ERRORS, SlackClientError)
"""All that a call of the SDK raises."""


def leaves_open(error: BaseException) -> bool:
    """Whether the call may have been carried out although it failed."""
    if isinstance(error, SlackApiError):
        return _read_status(error) >= 500 or not read_code(error)
    return isinstance(error, NETWORK_ERRORS)


def find_wait(error: BaseException) -> float | None:
    """Seconds after which a call that failed may be repeated; None where that does not help, 0
    where Slack does not say how long.
    """
    if isinstance(error, SlackApiError) and _is_rate_limit(error):
        return _read_retry_after(error)
    return 0.0 if leaves_open(error) else None


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise what the SDK raises as DeliveryFailed or one of its kinds."""
    try:
        yield
    except SlackApiError as error:
        raise _translate(error) from error
    except CLIENT_ERRORS as error:
        raise DeliveryFailed(f"Slack could not be reached ({type(error).__name__}).") from error


def read_code(error: SlackApiError) -> str:
    """Slack's word for what went wrong; '' where the answer was no JSON of Slack's."""
    response = error.response
    data = response.data if isinstance(response, AsyncSlackResponse) else response
    return str(data.get("error") or "") if isinstance(data, dict) else ""


def refuse_connection(error: SlackApiError, setting: str, where: str) -> ConnectionRefused:
    """The error for a token that Slack does not accept at the start, with the way to mend it."""
    code = read_code(error) or f"HTTP {_read_status(error)}"
    if code == "missing_scope":
        needed = error.response.get("needed", "connections:write")
        return ConnectionRefused(
            f"{setting} lacks the scope {needed}: make a token that has it, {where}."
        )
    if code in TOKEN_ERRORS:
        return ConnectionRefused(f"Slack does not accept {setting} ({code}): copy it {where}.")
    return ConnectionRefused(
        f"Slack refuses the connection ({code}); check {setting}, found {where}."
    )


def _translate(error: SlackApiError) -> DeliveryFailed:
    code, status = read_code(error), _read_status(error)
    if _is_rate_limit(error):
        return RateLimited("Slack asks us to wait.", retry_after=_read_retry_after(error))
    if code in REFUSALS:
        return DeliveryRefused(f"Slack refuses the message: {REFUSALS[code]} ({code}).")
    if status >= 500 or not code:
        return DeliveryFailed(f"Slack failed (HTTP {status}).")
    return DeliveryFailed(f"Slack did not take the message ({code}).")


def _is_rate_limit(error: SlackApiError) -> bool:
    return _read_status(error) == 429 or read_code(error) in ("ratelimited", "rate_limited")


def _read_status(error: SlackApiError) -> int:
    status = getattr(error.response, "status_code", None) or getattr(error.response, "status", 0)
    return int(status or 0)


def _read_retry_after(error: SlackApiError) -> float:
    for name, value in dict(getattr(error.response, "headers", None) or {}).items():
        if name.lower() == "retry-after":
            try:
                return max(float(value), 1.0)
            except ValueError:
                break
    return 1.0
