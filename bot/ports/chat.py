"""What platforms do for the bot, and what they know."""

from collections.abc import Collection, Mapping
from typing import Protocol

from bot.model import (
    Attachment,
    Audience,
    Person,
    Place,
    Platform,
)
from bot.rendering.reply import Draft, Reply


class Messenger(Protocol):
    """Speaks on one platform. Raises RateLimited, DeliveryRefused, DeliveryFailed."""

    async def post(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        reply_token: Mapping[str, str],
        retry: bool = True,
        draft: str | None = None,
    ) -> str:
        """Post a new message, at most once for a key; returns the platform's id of it.

        `draft`: the message of a live answer of this key, whose place the reply takes. Repeating
        that is harmless; where people deleted the message, it is refused.

        `retry`: an earlier attempt for this key may have been made, by whatever process; an
        adapter whose platform does not know keys then looks for its message before it posts.
        False spares that call where the caller knows that this is the first attempt.

        A private reply to an interaction goes through its `reply_token`. A public one is posted
        so that the bot can still edit it when the token has expired; the adapter then closes
        whatever the platform shows as pending for the interaction.
        """
        ...

    async def edit(
        self, place: Place, message: str, reply: Reply, *, reply_token: Mapping[str, str]
    ) -> None:
        """Replace what a message of ours says."""
        ...

    async def remove_twins(self, place: Place, message: str, *, key: str) -> int:
        """Delete what was posted for the key besides `message`; how many messages that was."""
        ...

    async def delete(self, place: Place, message: str, *, reply_token: Mapping[str, str]) -> None:
        """Take a message of ours back; without effect where it is gone or cannot be taken back."""
        ...

    @property
    def says_activity(self) -> bool:
        """Whether people see the words of `show_activity`, which go away with the answer."""
        ...

    async def show_activity(self, place: Place, text: str) -> None:
        """Show that work is going on (Slack status, Discord typing). Never raises."""
        ...

    def open_answer(
        self,
        place: Place,
        *,
        key: str,
        reply_token: Mapping[str, str],
        private: bool,
        draft: str | None,
    ) -> "LiveAnswer | None":
        """An answer to be seen while it is made; None where the platform has no way to show that.

        Nothing is sent before the first `show`. `draft`: the message in which an earlier attempt
        for this key showed it, which is gone on with; '' where there may be one that is not known.
        """
        ...


class LiveAnswer(Protocol):
    """One message that shows how an answer comes about, until a post takes its place."""

    @property
    def pause(self) -> float:
        """Seconds to leave between two `show`s, for the platform's limits."""
        ...

    async def show(self, draft: Draft) -> str | None:
        """Show how far the answer has come; returns what `post` wants as its `draft`.

        None where the reply finds the message by itself. Raises AnswerStopped where a reader
        stopped it by the platform's own means; RateLimited (nothing was shown), DeliveryRefused
        (nothing can be shown), DeliveryFailed (it is not known what is seen).
        """
        ...


class FileStore(Protocol):
    """Holds the files that people attach on one platform."""

    async def fetch(self, place: Place, attachment: Attachment) -> bytes:
        """The content of a file. Raises RetrievalError or BotError, which say why not."""
        ...


class Directory(Protocol):
    """Knows the people of a platform. What it cannot find out grants nothing.

    Raises StoreUnavailable.
    """

    async def describe(self, place: Place, person: Person) -> Person:
        """The person with name, groups, standing and rights filled in."""
        ...

    async def list_channels(self, place: Place, person: Person) -> frozenset[str]:
        """The channels of the workspace that this person may read, by id, as far as it is seen."""
        ...

    async def describe_audience(self, place: Place) -> Audience:
        """Who reads what is said in a place that is no direct message."""
        ...


class RightsChanges(Protocol):
    """Counts the changes of rights that platforms told of, for all processes.

    A subject is whatever an adapter looks up: a channel, a person, the groups of a workspace.
    Raises StoreUnavailable.
    """

    async def note(self, platform: Platform, workspace: str, subjects: Collection[str]) -> None:
        """Count a change of each subject."""
        ...

    async def count(self, platform: Platform, workspace: str, subject: str) -> int:
        """How often the subject has changed."""
        ...
