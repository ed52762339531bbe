"""An answer that Slack shows while it is made.

As a stream (https://docs.slack.dev/reference/methods/chat.startStream): the steps as a plan, the
text as it comes. A stream lives for about five minutes, and some workspaces have none; then the
message is edited instead, as often as the tier of chat.update allows.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.errors import AnswerStopped, RateLimited
from bot.model import Place
from bot.platforms.slack_account import SlackAccounts
from bot.platforms.slack_errors import leaves_open, read_code, translate_errors
from bot.platforms.slack_posts import DRAFT, SlackPosts, make_metadata, name_step
from bot.rendering.draft import compose_draft, settle_markdown
from bot.rendering.phrases import answers, making
from bot.rendering.reply import Draft
from bot.rendering.slack import SlackMessage, render_actions, render_messages

STREAM = "stream:"
"""What the id of a draft begins with while it is a stream."""

STREAM_SECONDS = 240.0
"""After which a stream is ended and its message edited; Slack ends it after 306."""
STREAM_PAUSE, EDIT_PAUSE = 0.6, 1.5
"""Seconds between two calls for one answer."""
EDITS, EDIT_SECONDS = 40, 60.0
"""Edits of drafts in all, for each so many seconds: chat.update has 50 a minute, and some are for
the answers themselves."""
CALL_CHARACTERS = 12_000
TITLE_CHARACTERS = 256


class EditBudget:
    """How many drafts may be edited, over all answers of this process."""

    def __init__(
        self,
        edits: int = EDITS,
        seconds: float = EDIT_SECONDS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._edits = edits
        self._seconds = seconds
        self._clock = clock
        self._made: list[float] = []

    def take(self) -> None:
        """Use one. Raises RateLimited where none is left."""
        now = self._clock()
        self._made = [at for at in self._made if at > now - self._seconds]
        if len(self._made) >= self._edits:
            wait = self._made[0] + self._seconds - now
            raise RateLimited("Enough drafts were edited.", retry_after=wait)
        self._made.append(now)


class SlackLiveAnswer:
    """Satisfies bot.ports.LiveAnswer. `reader` is the person to whom a stream is addressed."""

    def __init__(
        self,
        accounts: SlackAccounts,
        posts: SlackPosts,
        budget: EditBudget,
        place: Place,
        *,
        key: str,
        reader: str,
        draft: str | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._posts = posts
        self._budget = budget
        self._place = place
        self._key = key
        self._reader = reader
        self._earlier = draft
        self._clock = clock
        self._ts = ""
        self._opened: float | None = None
        self._steps: Sequence[tuple[str, str]] = ()
        self._text = ""

    @property
    def pause(self) -> float:
        return EDIT_PAUSE if self._ts and self._opened is None else STREAM_PAUSE

    async def show(self, draft: Draft) -> str:
        """Start a stream or go on with it; edit where there is none."""
        with translate_errors():
            if not self._ts:
                await self._open(draft)
            elif self._opened is None:
                await self._edit(draft)
            elif self._clock() - self._opened >= STREAM_SECONDS:
                await self._turn_into_edits(draft)
            else:
                await self._append(draft)
        return f"{STREAM}{self._ts}" if self._opened is not None else self._ts

    async def _open(self, draft: Draft) -> None:
        earlier = self._earlier
        if earlier == "":
            found = await self._posts.find(self._place, self._key)
            earlier = f"{STREAM}{found[0].ts}" if 0 in found else None
        if earlier is not None:
            self._ts = earlier.removeprefix(STREAM)
            await self._turn_into_edits(draft)
            return
        started = self._clock()
        try:
            self._ts = await self._start_stream(draft)
            self._opened = started
        except SlackApiError as error:
            if leaves_open(error) or read_code(error) == "ratelimited":
                raise
            # Whatever stands against a stream need not stand against a message.
            content = _render(draft)
            self._ts = await self._posts.post(self._place, content, self._key, 0, kind=DRAFT)

    async def _start_stream(self, draft: Draft) -> str:
        plan = making.WORKING_ON_IT.say(draft.language)
        buttons = {"type": "blocks", "blocks": [render_actions([draft.stop])]}
        chunks = [{"type": "plan_update", "title": plan}, *self._describe(draft), buttons]
        account = await self._accounts.find(self._place.workspace)
        answer = await account.drafter.chat_startStream(
            channel=self._place.channel,
            thread_ts=self._place.thread or "",
            recipient_team_id=self._place.workspace,
            recipient_user_id=self._reader,
            task_display_mode="plan",
            chunks=chunks,
        )
        self._note_sent(draft)
        return str(answer["ts"])

    async def _append(self, draft: Draft) -> None:
        chunks = list(self._describe(draft))
        if not chunks:
            return
        account = await self._accounts.find(self._place.workspace)
        try:
            await account.drafter.chat_appendStream(
                channel=self._place.channel, ts=self._ts, chunks=chunks
            )
        except SlackApiError as error:
            match read_code(error):
                case "stopped_by_user":
                    raise AnswerStopped from error
                case "message_not_in_streaming_state":
                    await self._turn_into_edits(draft)
                case _:
                    raise
        else:
            self._note_sent(draft)

    def _note_sent(self, draft: Draft) -> None:
        self._steps, self._text = _list_steps(draft), _settle(draft)

    async def _turn_into_edits(self, draft: Draft) -> None:
        await self._posts.end_stream(self._place, self._ts, self._key)
        self._opened = None
        await self._edit(draft)

    async def _edit(self, draft: Draft) -> None:
        self._budget.take()
        metadata = make_metadata(self._key, 0, DRAFT)
        content = _render(draft)
        await self._posts.update(self._place, self._ts, content, metadata, hasty=True)

    def _describe(self, draft: Draft) -> Iterator[dict[str, Any]]:
        """What is new since the last call, as chunks."""
        for number, step in enumerate(_list_steps(draft)):
            if step not in self._steps[number : number + 1]:
                title, status = step
                card = {"id": name_step(self._key, number), "title": title, "status": status}
                yield {"type": "task_update", **card}
        if text := _settle(draft).removeprefix(self._text):
            yield {"type": "markdown_text", "text": text[:CALL_CHARACTERS]}


def _list_steps(draft: Draft) -> Sequence[tuple[str, str]]:
    """Each step with its status; the last one is at work."""
    last = len(draft.steps) - 1
    return [
        (step[:TITLE_CHARACTERS], "in_progress" if number == last else "complete")
        for number, step in enumerate(draft.steps)
    ]


def _settle(draft: Draft) -> str:
    return settle_markdown(draft.text, answers.LINK_REMOVED.say(draft.language))


def _render(draft: Draft) -> SlackMessage:
    """A long draft is shown by its beginning."""
    return render_messages(compose_draft(draft))[0]
