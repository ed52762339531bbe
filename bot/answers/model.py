"""What people say of answers, and whom they call."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model import ItemId, Person, Place, Platform


class Vote(StrEnum):
    """Thumbs up or down."""

    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What one person said of an answer. `reason` is one of REASONS, '' where none was given."""

    item: ItemId
    platform: Platform
    person: str
    vote: Vote
    reason: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackRecord:
    """Feedback as it is read again, with what was asked and answered."""

    reference: str
    at: datetime
    platform: str
    person: str
    vote: str
    reason: str
    comment: str
    question: str
    answer: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Call:
    """That people were called to an answer. `letter` is the key of the message that calls them."""

    item: ItemId
    place: Place
    person: Person
    letter: str
