"""Modals: opened for commands that want one, and answered while the person looks at them.

Slack waits three seconds for the answer to a modal. What takes longer, such as the trial of a
source, goes on behind a modal that says so, and then changes it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slack_bolt.response import BoltResponse

from bot.model import Command, Submission
from bot.platforms.slack_account import SlackAccounts
from bot.platforms.slack_errors import CLIENT_ERRORS
from bot.platforms.slack_interactions import read_context, read_submission, write_context
from bot.ports import FormDesk, Intake, Messenger, Rejected, SourceNames
from bot.rendering.form import Form
from bot.rendering.phrases.refusals import NOT_TAKEN
from bot.rendering.slack_form import render_errors, render_form, render_notice, render_options

PATIENCE = 2.0
"""Seconds that a modal stands still before it says that work is going on."""
TRYING = "Trying whether that works. This can take a minute; you may close this window."
DONE = "Done."
EVERY_SOURCE = "sources"

Payload = Mapping[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What becomes of the modal: another view, or errors below its fields, or it is closed."""

    view: dict[str, Any] | None = None
    errors: Mapping[str, str] = field(default_factory=dict)


class SlackForms:
    """Opens modals and takes them back. Secrets in them go to the desk and nowhere else."""

    def __init__(
        self,
        accounts: SlackAccounts,
        messenger: Messenger,
        intake: Intake,
        *,
        desk: FormDesk,
        source_names: SourceNames,
        now: Callable[[], datetime],
        patience: float = PATIENCE,
    ) -> None:
        self._accounts = accounts
        self._messenger = messenger
        self._intake = intake
        self._desk = desk
        self._source_names = source_names
        self._now = now
        self._patience = patience
        self._waiting: set[asyncio.Task[None]] = set()

    async def open(self, command: Command, trigger: str) -> bool:
        """Open the modal that a command asks for; False where it asks for none.

        Raises StoreUnavailable and what the SDK raises.
        """
        form = await self._desk.open(command)
        if form is None:
            return False
        view = render_form(form, write_context(command, form.command))
        account = await self._accounts.find(command.place.workspace)
        await account.client.views_open(trigger_id=trigger, view=view)
        return True

    async def suggest(self, payload: Payload) -> BoltResponse:
        """The names of sources that go on as typed, for those who may know them."""
        command = read_context(payload, self._now())
        typed = str(payload.get("value") or "").lower()
        try:
            names = await self._source_names.list_for(command.place, command.person)
        except Exception:
            log.exception("slack: the sources' names could not be read")
            names = ()
        every = payload.get("action_id") == EVERY_SOURCE
        wanted = [name for name in names if typed in name and (every or name != "all")]
        return BoltResponse(status=200, body=render_options(wanted))

    async def submit(self, payload: Payload) -> BoltResponse:
        """Take a modal that was filled in."""
        submission = read_submission(payload, self._now())
        metadata = str(payload["view"]["private_metadata"])
        title = str(payload["view"]["title"]["text"])
        work = asyncio.create_task(self._carry_out(submission, title, metadata))
        done, _ = await asyncio.wait({work}, timeout=self._patience)
        if done:
            return _respond(work.result())
        self._follow(work, submission.command.place.workspace, str(payload["view"]["id"]), title)
        return _respond(_Answer(render_notice(title, TRYING)))

    async def close(self) -> None:
        """Give up what is still being tried."""
        tasks = list(self._waiting)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _carry_out(self, submission: Submission, title: str, metadata: str) -> _Answer:
        """What becomes of the modal. Never raises: the modal says that it was not taken down."""
        command = submission.command
        try:
            outcome = await self._desk.submit(submission)
            match outcome:
                case Rejected(form, errors):
                    return _Answer(render_form(form, metadata), errors)
                case Form():
                    context = write_context(command, outcome.command)
                    return _Answer(render_form(outcome, context))
                case Command():
                    await self._intake.accept_command(outcome)
                case reply:
                    await self._messenger.post(
                        command.place,
                        reply,
                        key=f"{command.event}:form",
                        reply_token=command.reply_token,
                        retry=False,
                    )
        except Exception as error:  # noqa: BLE001 - the person is told; its words may be secret
            log.warning("slack: the form %s failed: %s", command.event, type(error).__name__)
            return _Answer(render_notice(title, NOT_TAKEN.en))
        return _Answer()

    def _follow(
        self, work: asyncio.Task[_Answer], workspace: str, view_id: str, title: str
    ) -> None:
        task = asyncio.create_task(self._change_later(work, workspace, view_id, title))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _change_later(
        self, work: asyncio.Task[_Answer], workspace: str, view_id: str, title: str
    ) -> None:
        try:
            answer = await work
        except asyncio.CancelledError:
            work.cancel()
            await self._change(workspace, view_id, render_notice(title, NOT_TAKEN.en))
            raise
        await self._change(workspace, view_id, answer.view or render_notice(title, DONE))

    async def _change(self, workspace: str, view_id: str, view: dict[str, Any]) -> None:
        try:
            account = await self._accounts.find(workspace)
            await account.client.views_update(view_id=view_id, view=view)
        except CLIENT_ERRORS as error:
            # The person has closed it; what was done is told in the channel too.
            log.info("slack: a modal stays as it is: %s", type(error).__name__)


def _respond(answer: _Answer) -> BoltResponse:
    if answer.errors:
        return BoltResponse(status=200, body=render_errors(answer.errors))
    if answer.view is not None:
        return BoltResponse(status=200, body={"response_action": "update", "view": answer.view})
    return BoltResponse(status=200, body={"response_action": "clear"})
