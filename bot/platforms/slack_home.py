"""The Home tab: a page for each person, shown when they open it and anew after what they press.

https://docs.slack.dev/reference/events/app_home_opened, https://docs.slack.dev/reference/methods/views.publish.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from slack_bolt.response import BoltResponse
from slack_sdk.errors import SlackApiError

from bot.errors import BotError
from bot.model import ChannelKind, Person, Place, Platform
from bot.platforms.slack_account import SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS, read_code
from bot.platforms.slack_events import read_team
from bot.platforms.slack_forms import SlackForms
from bot.platforms.slack_interactions import (
    read_home,
    read_home_memory,
    read_home_press,
    write_home_memory,
)
from bot.platforms.slack_membership import SlackMembership
from bot.ports import Homes, Intake
from bot.rendering.apology import find_apology
from bot.rendering.home import Home
from bot.rendering.slack_home import render_home
from bot.rendering.welcome import compose_failed_home
from retrieval.errors import StoreUnavailable

HOME_TAB = "home"
AT_ONCE = 4
"""Pages that are made at a time: the database has more to do."""
MOST_WAITING = 1_000
"""People whose pages are being made or wait for it; whoever opens one beyond that opens it again.
"""
CONFLICT = "hash_conflict"

Payload = Mapping[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A page that a person looks at. `payload` is what told of it, with its own `event` id.

    `hash` is Slack's mark of what stands there, '' where nothing does; `language` is that of what
    stands there. `failure` is why what was pressed could not be done.
    """

    event: str
    place: Place
    person: Person
    payload: Payload
    hash: str = ""
    language: str = "en"
    replied: bool = False
    failure: Exception | None = None


class SlackHome:
    """Publishes home pages, one at a time for each person, and takes what is pressed there."""

    def __init__(
        self,
        accounts: SlackAccounts,
        membership: SlackMembership,
        intake: Intake,
        *,
        homes: Homes,
        forms: SlackForms | None = None,
        now: Callable[[], datetime],
    ) -> None:
        self._accounts = accounts
        self._membership = membership
        self._intake = intake
        self._homes = homes
        self._forms = forms
        self._now = now
        self._room = asyncio.Semaphore(AT_ONCE)
        self._wanted: dict[tuple[str, str], _Opened] = {}
        self._showing: dict[tuple[str, str], asyncio.Task[None]] = {}

    def open(self, payload: Payload) -> None:
        """Show the page to whoever opened the tab, without keeping Slack waiting for its ack."""
        event = payload["event"]
        if event.get("tab") != HOME_TAB or not event.get("user"):
            return
        view = event.get("view") or {}
        channel = str(event.get("channel") or "")
        self._show(
            _Opened(
                event=str(payload.get("event_id") or ""),
                place=Place(Platform.SLACK, read_team(payload), channel, ChannelKind.DIRECT),
                person=Person(str(event["user"])),
                payload=payload,
                hash=str(view.get("hash") or ""),
                language=read_home_memory(view)[1],
            )
        )

    async def press(self, payload: Payload) -> BoltResponse:
        """Carry out what was pressed; where that fails, Slack and the page say so."""
        command, view = read_home_press(payload, self._now()), payload["view"]
        opened = _Opened(
            event=command.event,
            place=command.place,
            person=command.person,
            payload={**payload, "team_id": read_home(payload)},
            hash=str(view.get("hash") or ""),
            language=read_home_memory(view)[1],
        )
        try:
            if not await self._homes.take(command):
                if self._forms and await self._forms.open(command, payload["trigger_id"]):
                    return BoltResponse(status=200)
                acceptance = await self._intake.accept_command(command)
                log.info("slack home %s: %s", command.name, acceptance)
                opened = replace(opened, replied=True)
        except Exception as error:
            log.exception("a press on a slack home was not taken down")
            self._show(replace(opened, failure=error))
            return BoltResponse(status=503)
        self._show(opened)
        return BoltResponse(status=200)

    async def close(self) -> None:
        """Give up what is still being made."""
        tasks = list(self._showing.values())
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def _show(self, opened: _Opened) -> None:
        """Have the page made; one that is wanted while it is being made is made once more."""
        key = opened.place.workspace, opened.person.id
        if key not in self._showing and len(self._showing) >= MOST_WAITING:
            log.warning("slack: too many home pages wait, so that of %s is left", opened.person.id)
            return
        self._wanted[key] = opened
        if key not in self._showing:
            self._showing[key] = asyncio.create_task(self._publish_wanted(key))

    async def _publish_wanted(self, key: tuple[str, str]) -> None:
        try:
            while (opened := self._wanted.pop(key, None)) is not None:
                async with self._room:
                    await self._publish(opened)
        finally:
            del self._showing[key]

    async def _publish(self, opened: _Opened) -> None:
        """Publish the page; where another process has since, it is made anew, for what that one
        shows may be older.
        """
        try:
            if await self._membership.identify(opened.payload) is None:
                return
            try:
                await self._send(opened, await self._compose(opened))
            except SlackApiError as error:
                if read_code(error) != CONFLICT:
                    raise
                anew = replace(opened, hash="")
                await self._send(anew, await self._compose(anew))
        except (*CLIENT_ERRORS, BotError, StoreUnavailable) as error:
            log.warning("slack: no home page for %s: %r", opened.person.id, error)
        except Exception:
            log.exception("slack: no home page for %s", opened.person.id)

    async def _compose(self, opened: _Opened) -> Home:
        """The page, or what is to be said instead."""
        try:
            if opened.failure is not None:
                raise opened.failure
            return await self._homes.compose(opened.place, opened.person, replied=opened.replied)
        except Exception as error:
            reference = blake2b(opened.event.encode(), digest_size=8).hexdigest()
            log.exception("the slack home of %s failed, %s", opened.person.id, reference)
            return compose_failed_home(find_apology(error).words, reference, opened.language)

    async def _send(self, opened: _Opened, home: Home) -> None:
        view = render_home(home, write_home_memory(opened.place.channel, home.language))
        account = await self._accounts.find(opened.place.workspace)
        await account.client.views_publish(
            user_id=opened.person.id, view=view, hash=opened.hash or None
        )
