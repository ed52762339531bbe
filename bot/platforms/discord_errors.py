"""Discord's refusals as the bot's own errors.

Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
import discord

from bot.errors import ConnectionRefused, DeliveryFailed, DeliveryRefused, RateLimited

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
UNKNOWN_INTERACTION = 10062
INVALID_WEBHOOK_TOKEN = 50027
NO_HISTORY = 160002

REFUSALS = {
    UNKNOWN_CHANNEL: "the channel is gone",
    10004: "the bot was removed from the server",
    UNKNOWN_MESSAGE: "the message was deleted",
    10013: "the person is gone",
    50001: "the bot has no access to the channel",
    50005: "the message is not the bot's own",
    50007: "the person takes no direct messages from the bot",
    50008: "the channel takes no messages",
    50013: "the bot lacks the right to send messages in the channel",
    50083: "the thread is archived or locked",
    50278: "the person shares no server with the bot",
    NO_HISTORY: "the bot lacks the right to read the channel's history",
}
"""Refusals that stand however often a call is repeated, and what they mean."""

EXPIRED = frozenset({UNKNOWN_WEBHOOK, UNKNOWN_INTERACTION, INVALID_WEBHOOK_TOKEN})
"""An interaction's token lives for 15 minutes."""

NETWORK_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
CLIENT_ERRORS = (*NETWORK_ERRORS, discord.DiscordException)
"""All that a call of the library raises."""

WHERE_TO_FIND_IT = (
    "from your application's page at discord.com/developers/applications, Bot, Reset Token"
)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise what the library raises as DeliveryFailed or one of its kinds."""
    try:
        yield
    except discord.RateLimited as error:
        raise RateLimited("Discord asks us to wait.", retry_after=error.retry_after) from error
    except discord.HTTPException as error:
        raise _translate(error) from error
    except CLIENT_ERRORS as error:
        raise DeliveryFailed(f"Discord could not be reached ({type(error).__name__}).") from error


def is_expired(error: discord.HTTPException) -> bool:
    """Whether an interaction can no longer be answered through its token."""
    return error.code in EXPIRED or error.status == 401


def refuse_login(error: Exception, api_url: str) -> ConnectionRefused:
    """The error for a login that failed, with the way to mend it."""
    if isinstance(error, discord.LoginFailure | ValueError):
        return ConnectionRefused(
            f"Discord does not accept DISCORD_TOKEN: copy it {WHERE_TO_FIND_IT}."
        )
    if isinstance(error, discord.HTTPException):
        return ConnectionRefused(
            f"Discord refuses the connection (HTTP {error.status}); check DISCORD_TOKEN, copied "
            f"{WHERE_TO_FIND_IT}."
        )
    return ConnectionRefused(
        f"Discord cannot be reached at {api_url} ({type(error).__name__}): check the network, and "
        "FOOTNOTE_DISCORD_API_URL if you set it."
    )


def refuse_gateway(error: Exception) -> ConnectionRefused:
    """The error for a gateway that does not let us in, with the way to mend it."""
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return ConnectionRefused(
            "Discord refuses the events that we ask for, although none of them needs its leave: "
            "look at discord.com/developers/applications, Bot, Privileged Gateway Intents."
        )
    if isinstance(error, discord.ConnectionClosed) and error.code == 4004:
        return ConnectionRefused(
            f"Discord no longer accepts DISCORD_TOKEN: copy it {WHERE_TO_FIND_IT}."
        )
    if isinstance(error, discord.ConnectionClosed) and error.code in (4010, 4011):
        return ConnectionRefused(
            "Discord wants more shards for so many servers: set FOOTNOTE_DISCORD_SHARDS to 0 or to "
            "a higher number, and start all processes anew."
        )
    return ConnectionRefused(f"Discord's gateway refuses the connection: {error}.")


def _translate(error: discord.HTTPException) -> DeliveryFailed:
    if error.status == 429:
        return RateLimited("Discord asks us to wait.", retry_after=_read_retry_after(error))
    if error.status == 401:
        return DeliveryRefused("Discord does not accept DISCORD_TOKEN any more.")
    if error.code in REFUSALS:
        return DeliveryRefused(
            f"Discord refuses the message: {REFUSALS[error.code]} ({error.code})."
        )
    if error.status >= 500:
        return DeliveryFailed(f"Discord failed (HTTP {error.status}).")
    return DeliveryFailed(f"Discord did not take the message ({error.code}).")


def _read_retry_after(error: discord.HTTPException) -> float:
    try:
        return max(float(error.response.headers.get("Retry-After", "1")), 1.0)
    except ValueError:
        return 1.0
