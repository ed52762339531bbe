"""What people send: questions, commands, forms."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.model.people import Person
from bot.model.places import ItemId, MessageKey, Place, ThreadKey


class Intent(StrEnum):
    """What the person did."""

    MENTION = "mention"
    DIRECT = "direct"
    FOLLOW_UP = "follow_up"
    OVERHEARD = "overheard"
    """Said in a channel to nobody in particular; answered where the channel wants that."""
    ASK = "ask"
    """The /ask command: the answer goes to the asker alone."""
    SHARE = "share"
    """Asked in private before, and now to be answered for everyone in the channel."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a question. It is fetched when the question is answered, and not kept.

    `media_type` and `size`, in bytes, are what the platform says of it; `url` is where it keeps it,
    '' where it hands it to nobody.
    """

    name: str
    media_type: str
    size: int
    url: str


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A question as it came in, its mention of the bot removed.

    `event` identifies the delivery (redeliveries share it), `message` the message itself (an
    app_mention and a message event for the same text share it). `reply_token` carries what the
    platform needs to answer an interaction (Slack response_url, Discord interaction token).
    `again` is the entry of the same question asked before, whose answer this one's replaces.
    `late`: it was asked long before it came in. `in_view` is the channel that the person looked at
    while writing directly to the bot.
    """

    event: str
    message: MessageKey
    thread: ThreadKey
    place: Place
    person: Person
    intent: Intent
    text: str
    at: datetime
    reply_token: Mapping[str, str] = field(default_factory=dict)
    again: ItemId | None = None
    late: bool = False
    in_view: str | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command, typed or given by a button, parsed by the platform into words.

    `/sync handbook full` is name 'sync', words ('handbook', 'full').
    """

    event: str
    name: str
    words: tuple[str, ...]
    place: Place
    person: Person
    at: datetime
    reply_token: Mapping[str, str] = field(default_factory=dict)


REPLACES = "replaces"
"""In a reply token: the reply takes the place of the private message whose button was pressed."""

THREAD = "thread"
"""In a reply token: the thread in which a private answer may be shared."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A form that was filled in: the command that it gives, and the values by name.

    It may hold secrets, so it is carried out while the person waits and never written down.
    """

    command: Command
    values: Mapping[str, str] = field(repr=False)
