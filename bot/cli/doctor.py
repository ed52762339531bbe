"""Checks an installation, one thing after the other, and says how to mend what is wrong."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
import psycopg

from bot.errors import SettingsInvalid
from bot.settings import Settings, find_unknown_settings, load_settings
from bot.wiring import FAILURES, provide_database
from bot.wiring.models import build_brain, build_embedder, build_judge
from migrations.runner import check_versions, find_missing

MESSAGE_CONTENT = 1 << 18 | 1 << 19
"""Flags of a Discord application that may read every message."""
SHORT = aiohttp.ClientTimeout(total=10)


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report. `mend` is empty when nothing needs to be done."""

    what: str
    state: State
    detail: str
    mend: str = ""


@dataclass(slots=True)
class _Examination:
    settings: Settings
    stack: AsyncExitStack
    facts: dict[str, str] = field(default_factory=dict)


Examine = Callable[[_Examination], Awaitable[Check]]


async def examine() -> AsyncIterator[Check]:
    """Run every check; later ones are skipped where they cannot be run."""
    try:
        settings = load_settings()
    except SettingsInvalid as error:
        yield Check("settings", State.FAILED, str(error), "Correct the setting and try again.")
        return
    yield _check_names()
    async with AsyncExitStack() as stack:
        examination = _Examination(settings, stack)
        for what, run in _CHECKS.items():
            try:
                yield await run(examination)
            except FAILURES as error:
                detail, _, mend = str(error).partition(". ")
                yield Check(what, State.FAILED, detail, mend or "See docs/troubleshooting.md.")


def _check_names() -> Check:
    unknown = find_unknown_settings()
    if not unknown:
        return Check("settings", State.OK, "every setting can be read")
    return Check(
        "settings",
        State.WARNING,
        f"set, but no setting of Footnote: {', '.join(unknown)}",
        "Correct the name: `footnote settings` lists every setting.",
    )


async def _check_data_directory(examination: _Examination) -> Check:
    directory = examination.settings.data_dir.resolve()
    existing = next(path for path in (directory, *directory.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Check(
            "data directory",
            State.FAILED,
            f"{directory} cannot be written",
            "Make it writable, or set FOOTNOTE_DATA_DIR to another directory.",
        )
    return Check("data directory", State.OK, str(directory))


async def _check_database(examination: _Examination) -> Check:
    url = await examination.stack.enter_async_context(provide_database(examination.settings))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await check_versions(connection)
        version = connection.info.server_version // 10_000
    examination.facts["database_url"] = url
    kind = "your own" if examination.settings.database_url else "embedded"
    return Check("database", State.OK, f"PostgreSQL {version} ({kind}) with pgvector")


async def _check_schema(examination: _Examination) -> Check:
    url = examination.facts.get("database_url")
    if not url:
        return Check("schema", State.SKIPPED, "the database cannot be reached")
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        missing = await find_missing(connection)
    if missing:
        return Check(
            "schema",
            State.WARNING,
            f"{len(missing)} migrations are not applied yet",
            "Run `footnote migrate`; `footnote serve` does it too.",
        )
    examination.facts["migrated"] = "yes"
    return Check("schema", State.OK, "up to date")


async def _check_embedding_model(examination: _Examination) -> Check:
    embedder = await build_embedder(examination.settings.embedding_spec)
    vector = await embedder.embed_query("Is anybody there?")
    return Check(
        "embedding model", State.OK, f"{embedder.model.name}, {len(vector)} dimensions, answers"
    )


async def _check_chat_model(examination: _Examination) -> Check:
    settings = examination.settings
    names = (*settings.chat_models, *settings.planner_models, *settings.citation_judges)
    if not settings.chat_models:
        return Check("chat model", State.OK, "none set: answers are quoted from the sources")
    build_brain(settings)
    build_judge(settings)
    return Check("chat model", State.OK, f"{', '.join(names)} can be loaded")


async def _check_sources(examination: _Examination) -> Check:
    if not examination.facts.get("migrated"):
        return Check("sources", State.SKIPPED, "the schema is not up to date")
    url = examination.facts["database_url"]
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            "SELECT (SELECT count(*) FROM source), (SELECT count(*) FROM document)"
        )
        sources, documents = await cursor.fetchone() or (0, 0)
    if not sources:
        return Check(
            "sources",
            State.WARNING,
            "no knowledge source yet",
            "Add one: `footnote sources add NAME PATH`, then `footnote sync NAME`.",
        )
    if not documents:
        return Check(
            "sources",
            State.WARNING,
            f"{_count(sources, 'source')}, but no document",
            "Sync them: `footnote sync all`.",
        )
    return Check("sources", State.OK, f"{_count(sources, 'source')}, {documents} documents")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


async def _check_slack(examination: _Examination) -> Check:
    settings = examination.settings
    if settings.slack_client_id:
        return Check("slack", State.OK, "workspaces install the app at /slack/install, over HTTP")
    if not settings.slack_bot_token:
        return Check("slack", State.SKIPPED, "SLACK_BOT_TOKEN is not set")
    answer = await _post(
        settings.slack_api_url.rstrip("/") + "/auth.test",
        {"Authorization": f"Bearer {settings.slack_bot_token.get_secret_value()}"},
    )
    if not answer.get("ok"):
        return Check(
            "slack",
            State.FAILED,
            f"Slack does not accept SLACK_BOT_TOKEN ({answer.get('error')})",
            "Copy the Bot User OAuth Token anew from OAuth & Permissions in your app's settings.",
        )
    if settings.slack_app_token:
        opened = await _post(
            settings.slack_api_url.rstrip("/") + "/apps.connections.open",
            {"Authorization": f"Bearer {settings.slack_app_token.get_secret_value()}"},
        )
        if not opened.get("ok"):
            return Check(
                "slack",
                State.FAILED,
                f"Slack does not accept SLACK_APP_TOKEN ({opened.get('error')})",
                "Create an app-level token with connections:write under Basic Information.",
            )
    how = "Socket Mode" if settings.slack_app_token else "HTTP"
    return Check("slack", State.OK, f"{answer.get('team')} as {answer.get('user')}, over {how}")


async def _check_discord(examination: _Examination) -> Check:
    settings = examination.settings
    if not settings.discord_token:
        return Check("discord", State.SKIPPED, "DISCORD_TOKEN is not set")
    url = settings.discord_api_url.rstrip("/")
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    try:
        async with aiohttp.ClientSession(timeout=SHORT, headers=headers) as session:
            status, me = await _get(session, f"{url}/users/@me")
            if status != 200:
                return Check(
                    "discord",
                    State.FAILED,
                    f"Discord does not accept DISCORD_TOKEN (HTTP {status})",
                    "Reset the token under Bot in the developer portal and set it anew.",
                )
            _, application = await _get(session, f"{url}/applications/@me")
    except (TimeoutError, aiohttp.ClientError, ValueError, TypeError) as error:
        return _unreachable("discord", url, error)
    intent = (
        "with the Message Content intent"
        if int(application.get("flags") or 0) & MESSAGE_CONTENT
        else "without the Message Content intent: follow-ups need a mention, and channels in which "
        "the bot is to answer by itself are not read"
    )
    return Check("discord", State.OK, f"{me.get('username')} is accepted, {intent}")


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[int, dict[str, Any]]:
    async with session.get(url) as response:
        return response.status, dict(await response.json(content_type=None))


async def _post(url: str, headers: Mapping[str, str]) -> dict[str, object]:
    try:
        async with (
            aiohttp.ClientSession(timeout=SHORT) as session,
            session.post(url, headers=headers) as response,
        ):
            return dict(await response.json(content_type=None))
    except (TimeoutError, aiohttp.ClientError, ValueError, TypeError) as error:
        return {"ok": False, "error": f"no usable answer from {url}: {error or 'timed out'}"}


def _unreachable(what: str, url: str, error: Exception) -> Check:
    return Check(
        what,
        State.FAILED,
        f"no usable answer from {url} ({error or 'timed out'})",
        "Check the network and the address in the settings.",
    )


_CHECKS: Mapping[str, Examine] = {
    "data directory": _check_data_directory,
    "database": _check_database,
    "schema": _check_schema,
    "embedding model": _check_embedding_model,
    "chat model": _check_chat_model,
    "sources": _check_sources,
    "slack": _check_slack,
    "discord": _check_discord,
}
