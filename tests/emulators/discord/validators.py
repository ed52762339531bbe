"""Checks on messages and embeds, with Discord's limits and error codes."""

import re
from typing import Any

from .components import check_components
from .errors import FormErrors, api_error, form_error
from .models import COMPONENTS_V2, EPHEMERAL, SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS

CONTENT = 2000
EMBEDS = 10
EMBED_TOTAL = 6000
NONCE = 25
SENDABLE_FLAGS = SUPPRESS_EMBEDS | SUPPRESS_NOTIFICATIONS | COMPONENTS_V2
_WELL_FORMED = re.compile(r"^(https?|attachment)://\S+$")
_FIELDS = {"title": 256, "description": 4096}


def embed_length(embed: dict[str, Any]) -> int:
    """Characters of one embed that count towards the 6,000 of a message."""
    total = sum(len(embed.get(key) or "") for key in _FIELDS)
    total += len((embed.get("footer") or {}).get("text") or "")
    total += len((embed.get("author") or {}).get("name") or "")
    for entry in embed.get("fields") or []:
        total += len(entry.get("name") or "") + len(entry.get("value") or "")
    return total


def _check_url(errors: FormErrors, path: str, url: Any) -> None:
    if url is None:
        return
    if not isinstance(url, str) or not _WELL_FORMED.match(url):
        errors.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
    elif len(url) > 2048:
        errors.add(path, "BASE_TYPE_MAX_LENGTH", "Must be 2048 or fewer in length.")


def _check_embed(errors: FormErrors, path: str, embed: dict[str, Any]) -> None:
    for key, most in _FIELDS.items():
        if embed.get(key) is not None:
            errors.length(f"{path}.{key}", embed[key], most)
    _check_url(errors, f"{path}.url", embed.get("url"))
    footer, author = embed.get("footer"), embed.get("author")
    if footer:
        errors.length(f"{path}.footer.text", footer.get("text", ""), 2048)
    if author:
        errors.length(f"{path}.author.name", author.get("name", ""), 256)
        _check_url(errors, f"{path}.author.url", author.get("url"))
    for media in ("image", "thumbnail"):
        if embed.get(media):
            _check_url(errors, f"{path}.{media}.url", embed[media].get("url"))
    if embed.get("fields") is not None and errors.count(f"{path}.fields", embed["fields"], 25):
        for number, entry in enumerate(embed["fields"]):
            for key, most in (("name", 256), ("value", 1024)):
                if not entry.get(key):
                    errors.required(f"{path}.fields.{number}.{key}")
                else:
                    errors.length(f"{path}.fields.{number}.{key}", entry[key], most)


def _check_embeds(errors: FormErrors, embeds: Any) -> None:
    if embeds is None or not errors.count("embeds", embeds, EMBEDS):
        return
    for number, embed in enumerate(embeds):
        _check_embed(errors, f"embeds.{number}", embed)
    if sum(embed_length(embed) for embed in embeds) > EMBED_TOTAL:
        text = f"Embed size exceeds maximum size of {EMBED_TOTAL}"
        errors.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", text)


def _check_allowed_mentions(errors: FormErrors, allowed: Any) -> None:
    if not isinstance(allowed, dict):
        return
    parse = allowed.get("parse") or []
    for number, kind in enumerate(parse):
        if kind not in ("users", "roles", "everyone"):
            errors.choices(f"allowed_mentions.parse.{number}", ("everyone", "roles", "users"))
    for kind in ("users", "roles"):
        errors.count(f"allowed_mentions.{kind}", allowed.get(kind) or [], 100)
        if kind in parse and allowed.get(kind):
            text = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            code = "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"
            errors.add("allowed_mentions", code, text)


def _check_nonce(errors: FormErrors, nonce: Any) -> None:
    if nonce is not None and not isinstance(nonce, int):
        errors.length("nonce", nonce, NONCE)


def _check_v2_exclusive(errors: FormErrors, payload: dict[str, Any]) -> None:
    for key in ("content", "embeds", "poll"):
        if payload.get(key):
            text = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            errors.add(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", text)


def _embed_is_empty(embed: dict[str, Any]) -> bool:
    return not any(
        embed.get(key)
        for key in ("title", "description", "fields", "image", "thumbnail", "footer", "author")
    )


def is_empty(payload: dict[str, Any]) -> bool:
    """Whether nothing in this message could be seen."""
    shown = (payload.get("content") or "").strip() or payload.get("attachments")
    embeds = [e for e in payload.get("embeds") or [] if not _embed_is_empty(e)]
    return not (shown or embeds or payload.get("components") or payload.get("sticker_ids"))


def check_message(payload: dict[str, Any], *, flags: int = 0) -> None:
    """Check a message as it would stand after a create or an edit.

    `flags` are those that the message carries. Raises ApiError 50035 (limits) or 50006 (empty).
    """
    errors = FormErrors()
    if payload.get("content") is not None:
        errors.length("content", payload["content"], CONTENT)
    _check_embeds(errors, payload.get("embeds"))
    _check_allowed_mentions(errors, payload.get("allowed_mentions"))
    _check_nonce(errors, payload.get("nonce"))
    modern = bool(flags & COMPONENTS_V2)
    if modern:
        _check_v2_exclusive(errors, payload)
    if payload.get("components"):
        check_components(errors, payload["components"], modern=modern)
    errors.throw()
    if is_empty(payload):
        raise api_error(50006)


def message_flags(payload: dict[str, Any], *, ephemeral_allowed: bool = False) -> int:
    """The flags that a sender may set, out of those it asked for."""
    try:
        asked = int(payload.get("flags") or 0)
    except (TypeError, ValueError):
        raise form_error("flags", "NUMBER_TYPE_COERCE", "Value is not int.") from None
    return asked & (SENDABLE_FLAGS | (EPHEMERAL if ephemeral_allowed else 0))


def check_thread(payload: dict[str, Any]) -> None:
    """Check name and archive time of a new thread. Raises ApiError 50035."""
    errors = FormErrors()
    if not payload.get("name"):
        errors.required("name")
    else:
        errors.length("name", payload["name"], 100, 1)
    if payload.get("auto_archive_duration") not in (None, 60, 1440, 4320, 10080):
        errors.choices("auto_archive_duration", (60, 1440, 4320, 10080))
    errors.throw()


def snowflake(path: str, value: Any) -> int:
    """The id in `value` (string or integer). Raises ApiError 50035."""
    try:
        return int(value)
    except (TypeError, ValueError):
        text = f'Value "{value}" is not snowflake.'
        raise form_error(path, "NUMBER_TYPE_COERCE", text) from None


def page_limit(value: str | None, default: int = 50, most: int = 100) -> int:
    """The `limit` of a listing, 1 to `most`. Raises ApiError 50035."""
    try:
        limit = default if value is None else int(value)
    except ValueError:
        text = f'Value "{value}" is not int.'
        raise form_error("limit", "NUMBER_TYPE_COERCE", text) from None
    if not 1 <= limit <= most:
        code, word = (
            ("NUMBER_TYPE_MIN", "greater than or equal to 1")
            if limit < 1
            else ("NUMBER_TYPE_MAX", f"less than or equal to {most}")
        )
        raise form_error("limit", code, f"int value should be {word}.")
    return limit
