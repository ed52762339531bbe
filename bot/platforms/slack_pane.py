"""The agent's pane: the questions that it suggests, and the channel that the person looks at.

https://docs.slack.dev/reference/events/app_home_opened, app_context_changed;
https://docs.slack.dev/reference/methods/assistant.threads.setSuggestedPrompts.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot.errors import BotError
from bot.model import ChannelKind, Person, Place, Platform
from bot.platforms.slack_account import SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS
from bot.platforms.slack_events import read_channel_in_view, read_team
from bot.ports import Prompts
from bot.rendering.phrases import choose_language
from bot.rendering.phrases.prompts import PROMPTS_TITLE
from retrieval.errors import StoreUnavailable

HOME_OPENED = "app_home_opened"
"""Told of every tab."""
PANE_EVENTS = frozenset({HOME_OPENED, "app_context_changed"})
MESSAGES_TAB = "messages"
TITLE_CHARACTERS = 60

Payload = Mapping[str, Any]

log = logging.getLogger(__name__)


class SlackPane:
    """Suggests questions when the pane is opened, and anew when another channel comes into view."""

    def __init__(self, accounts: SlackAccounts, prompts: Prompts) -> None:
        self._accounts = accounts
        self._prompts = prompts
        self._showing: set[asyncio.Task[None]] = set()

    def open(self, payload: Payload) -> None:
        """Set the suggestions for who opened the pane, without keeping Slack waiting for its ack.

        Nothing is lost where that fails: the manifest's own suggestion stays.
        """
        event = payload["event"]
        is_shown = event["type"] != HOME_OPENED or event.get("tab") == MESSAGES_TAB
        if is_shown and event.get("channel") and event.get("user"):
            task = asyncio.create_task(self._suggest(payload))
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)

    async def close(self) -> None:
        """Give up what is still being set."""
        tasks = list(self._showing)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _suggest(self, payload: Payload) -> None:
        event, team = payload["event"], read_team(payload)
        channel, person = str(event["channel"]), Person(str(event["user"]))
        place = Place(Platform.SLACK, team, channel, ChannelKind.DIRECT)
        try:
            questions = await self._prompts.suggest(place, person, read_channel_in_view(event))
            if not questions:
                return
            account = await self._accounts.find(team)
            # without thread_ts: with one, Slack answers ok and shows nothing
            await account.client.assistant_threads_setSuggestedPrompts(
                channel_id=channel,
                title=PROMPTS_TITLE.say(choose_language("", questions[0])),
                prompts=[{"title": _shorten(each), "message": each} for each in questions],
            )
        except (*CLIENT_ERRORS, BotError, StoreUnavailable) as error:
            log.info("slack: no suggestions in %s: %s", channel, type(error).__name__)


def _shorten(question: str) -> str:
    if len(question) <= TITLE_CHARACTERS:
        return question
    return question[: TITLE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
