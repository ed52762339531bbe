"""What people's verbs need from the outside, by role. All raise StoreUnavailable."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agents.model import AnswerRecord
from bot.answers.model import Call, Feedback
from bot.model import ItemId
from retrieval.model import AccessScope, ChunkId, Passage, TenantId


class Records(Protocol):
    """How questions were answered."""

    async def find(self, tenant: TenantId, reference: str) -> AnswerRecord | None:
        """The record that a reference leads to."""
        ...


class Passages(Protocol):
    """Reads passages again that were found before."""

    async def read(
        self, chunks: Sequence[ChunkId], scope: AccessScope
    ) -> Mapping[ChunkId, Passage]:
        """Those of the chunks that are there still and may be read in the scope."""
        ...


class Votes(Protocol):
    """What people said of answers."""

    async def put(self, tenant: TenantId, feedback: Feedback) -> bool:
        """Keep a vote in place of this person's one before; False where the answer is forgotten."""
        ...


class Calls(Protocol):
    """Answers that people were called to."""

    async def put(self, tenant: TenantId, call: Call) -> str | None:
        """Note a call, unless there is one; the letter of the one that stands.

        None where the answer is forgotten.
        """
        ...

    async def resolve(self, tenant: TenantId, item: ItemId, person: str) -> str | None:
        """Close a call, once; its letter, None where there is none."""
        ...


class Memory(Protocol):
    """What the agent remembers of conversations."""

    async def begin_anew(self, tenant: TenantId, thread: str) -> None:
        """Have the next question of a conversation know nothing of what was before."""
        ...

    async def withdraw(self, tenant: TenantId, thread: str, question: str) -> None:
        """Delete what is remembered of one question, and how it was answered."""
        ...
