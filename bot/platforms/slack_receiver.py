"""Hands over what Slack delivers, and only then lets Slack have its ack."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from slack_bolt.response import BoltResponse

from bot.clock import read_clock
from bot.errors import AppNotInstalled
from bot.model import THREAD, ChannelKind, Command, Intent, MessageKey, Place, Platform
from bot.platforms.lateness import is_late
from bot.platforms.slack_directory import SlackChannels
from bot.platforms.slack_events import (
    EVENTS,
    is_from_person,
    read_bot,
    read_channel_kind,
    read_command,
    read_deletion,
    read_edit,
    read_message,
    read_team,
)
from bot.platforms.slack_forms import SlackForms
from bot.platforms.slack_home import SlackHome
from bot.platforms.slack_interactions import (
    is_click,
    is_home_press,
    is_shortcut,
    is_submission,
    is_suggestion,
    read_click,
    read_home,
    read_shortcut,
)
from bot.platforms.slack_membership import PARTINGS, SlackMembership
from bot.platforms.slack_pane import HOME_OPENED, PANE_EVENTS, SlackPane
from bot.platforms.slack_rights import RIGHTS_EVENTS, list_changes
from bot.platforms.slack_transcript import JOINED, SlackTranscriber
from bot.ports import Intake, RightsChanges
from bot.rendering.apology import find_apology
from bot.rendering.phrases import choose_language, refusals

WORKING = "On it…"
HEARD = EVENTS | PARTINGS | RIGHTS_EVENTS | PANE_EVENTS | {JOINED}
"""The types of events that are received; the manifest subscribes to the same."""

Payload = Mapping[str, Any]

log = logging.getLogger(__name__)


class SlackReceiver:
    """Turns payloads into questions and commands for the intake.

    An event is acked when the intake has returned; when that raises, no ack goes out and Slack
    delivers again. A slash command comes once only, so there the person is told.
    """

    def __init__(
        self,
        *,
        membership: SlackMembership,
        channels: SlackChannels,
        intake: Intake,
        forms: SlackForms | None = None,
        changes: RightsChanges | None = None,
        transcriber: SlackTranscriber | None = None,
        pane: SlackPane | None = None,
        home: SlackHome | None = None,
        now: Callable[[], datetime] = read_clock,
    ) -> None:
        self._membership = membership
        self._channels = channels
        self._intake = intake
        self._forms = forms
        self._changes = changes
        self._transcriber = transcriber
        self._pane = pane
        self._home = home
        self._now = now
        self.untaken = asyncio.Event()
        """Set when an event could not be taken down, for whoever looks after such."""

    async def receive(self, payload: Payload) -> BoltResponse | None:
        """The ack, or None where the payload is for others to handle. Raises StoreUnavailable."""
        if payload.get("type") == "event_callback":
            try:
                await self._receive_event(payload)
            except Exception:
                self.untaken.set()
                raise
            return BoltResponse(status=200)
        if payload.get("command"):
            return await self._receive_command(payload)
        return await self._receive_interaction(payload)

    async def close(self) -> None:
        """Give up what is still being shown to people."""
        for part in (self._forms, self._pane, self._home):
            if part is not None:
                await part.close()

    async def _receive_interaction(self, payload: Payload) -> BoltResponse | None:
        if is_click(payload):
            return await self._receive_click(payload)
        if self._home is not None and is_home_press(payload):
            return await self._home.press(payload)
        if is_shortcut(payload):
            return await self._receive_shortcut(payload)
        if self._forms is not None and is_submission(payload):
            return await self._forms.submit(payload)
        if self._forms is not None and is_suggestion(payload):
            return await self._forms.suggest(payload)
        return None

    async def _receive_event(self, payload: Payload) -> None:
        event = payload["event"]
        if event.get("type") not in HEARD:
            return
        if event["type"] in PARTINGS:
            await self._membership.part(payload)
        await self._note_changes(payload)
        if self._pane is not None and event["type"] in PANE_EVENTS:
            self._pane.open(payload)
        if self._home is not None and event["type"] == HOME_OPENED:
            self._home.open(payload)
        if self._transcriber is not None:
            await self._transcribe(self._transcriber, payload)
        if event["type"] in EVENTS:
            await self.hear(payload)

    async def hear(self, payload: Payload) -> None:
        """What an event of EVENTS tells, or would have told. Raises StoreUnavailable."""
        if gone := read_deletion(payload):
            await self._receive_deletion(payload, gone)
        else:
            await self._receive_message(payload)

    async def _receive_message(self, payload: Payload) -> None:
        """A message that is new, or reads otherwise now."""
        edited = payload["event"].get("subtype") == "message_changed"
        if not (edited or is_from_person(payload) or read_bot(payload)):
            return
        identity = await self._membership.identify(payload)
        if identity is None:
            return
        if edited:
            await self._receive_edit(payload, identity.bot_user)
            return
        message = read_message(payload, identity.bot_user, await self._read_kind(payload))
        if message is None:
            return
        if is_late(message.at, self._now()):
            if message.intent is Intent.OVERHEARD:
                return  # nobody in particular waits for an answer to what was said a while ago
            message = replace(message, late=True)
        acceptance = await self._intake.accept(message)
        log.info("slack message %s: %s", message.message, acceptance)

    async def _note_changes(self, payload: Payload) -> None:
        """Where this raises, Slack tells again, so that no change of rights is lost."""
        subjects = list_changes(payload)
        if subjects and self._changes is not None:
            await self._changes.note(Platform.SLACK, read_team(payload), subjects)

    async def _transcribe(self, transcriber: SlackTranscriber, payload: Payload) -> None:
        event = payload["event"]
        await transcriber.note(payload)
        if event["type"] == JOINED:
            identity = await self._membership.identify(payload)
            if identity is not None and event.get("user") == identity.bot_user:
                await transcriber.note_return(payload)

    async def _receive_edit(self, payload: Payload, bot_user: str) -> None:
        message = read_edit(payload, bot_user, await self._read_kind(payload))
        if message is not None:
            acceptance = await self._intake.accept_edit(message)
            log.info("slack edit of message %s: %s", message.message, acceptance)

    async def _receive_deletion(self, payload: Payload, message: MessageKey) -> None:
        kind = await self._read_kind(payload)
        place = Place(Platform.SLACK, read_team(payload), payload["event"]["channel"], kind)
        acceptance = await self._intake.accept_deletion(place, message)
        log.info("slack deletion of message %s: %s", message, acceptance)

    async def _receive_shortcut(self, payload: Payload) -> BoltResponse:
        """As a press: it comes once only."""
        place = _find_place(payload)
        identity = await self._membership.identify(place)
        if identity is None:
            return BoltResponse(status=503)
        kind = await self._read_kind(place)
        message = read_shortcut(payload, identity.bot_user, kind, self._now())
        try:
            acceptance = await self._intake.accept(message)
        except Exception:
            log.exception("a slack shortcut was not taken down")
            return BoltResponse(status=503)
        log.info("slack shortcut on message %s: %s", message.reply_token[THREAD], acceptance)
        return BoltResponse(status=200)

    async def _receive_command(self, payload: Payload) -> BoltResponse:
        # Slack does not tell the language of who types.
        language = choose_language("", payload.get("text") or "")
        identity = await self._membership.identify(payload)
        if identity is None:
            return _say(find_apology(AppNotInstalled()).words.say(language))
        kind = await self._read_kind(payload)
        command = read_command(payload, identity.bot_user, kind, self._now())
        try:
            if isinstance(command, Command):
                if await self._open_form(command, payload):
                    return BoltResponse(status=200)
                acceptance = await self._intake.accept_command(command)
                words = WORKING if command.name == "sync" else ""
            elif command.text:
                acceptance, words = (
                    await self._intake.accept(command),
                    refusals.LOOKING.say(language),
                )
            else:
                return _say(refusals.EMPTY_QUESTION.say(language))
        except Exception:
            log.exception("the slack command %s was not taken down", payload["command"])
            return _say(refusals.NOT_TAKEN.say(language))
        log.info("slack command %s: %s", payload["command"], acceptance)
        return _say(words) if words else BoltResponse(status=200)

    async def _receive_click(self, payload: Payload) -> BoltResponse:
        """A press comes once only; where it is not taken down, Slack shows a warning sign."""
        kind = await self._read_kind(_find_place(payload))
        command = read_click(payload, kind, self._now())
        try:
            if await self._open_form(command, payload):
                return BoltResponse(status=200)
            acceptance = await self._intake.accept_command(command)
        except Exception:
            log.exception("the press of a slack button was not taken down")
            return BoltResponse(status=503)
        log.info("slack button %s: %s", command.name, acceptance)
        return BoltResponse(status=200)

    async def _open_form(self, command: Command, payload: Payload) -> bool:
        return self._forms is not None and await self._forms.open(command, payload["trigger_id"])

    async def _read_kind(self, payload: Payload) -> ChannelKind:
        event = payload.get("event") or payload
        channel = event.get("channel") or event["channel_id"]
        workspace, told = read_team(payload), read_channel_kind(payload)
        if told is not None:
            return self._channels.learn(workspace, channel, told)
        # A public answer draws on the least, so that is what an unknown channel gets.
        hint = event.get("channel_name") == "privategroup"
        otherwise = ChannelKind.PRIVATE if hint else ChannelKind.PUBLIC
        return await self._channels.read_kind(workspace, channel, otherwise)


def _find_place(payload: Payload) -> Payload:
    """Where an interaction was begun, as a slash command tells it."""
    channel = payload["channel"]
    return {
        "team_id": read_home(payload),
        "enterprise": payload.get("enterprise"),
        "is_enterprise_install": payload.get("is_enterprise_install"),
        "channel_id": channel["id"],
        "channel_name": channel.get("name"),
    }


def _say(words: str) -> BoltResponse:
    return BoltResponse(status=200, body={"response_type": "ephemeral", "text": words})
