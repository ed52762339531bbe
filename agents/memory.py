"""What a conversation is remembered by: its latest state, one entry a conversation.

The state is plain JSON (see agents/state.py), so nothing is ever loaded by name, and a crafted
entry can run no code. A run writes it after each step, so that one that was killed goes on with the
step that it was at.
"""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)

from agents.ports import ThreadMemory
from retrieval.model import TenantId


class ThreadSaver(BaseCheckpointSaver[int]):
    """LangGraph's checkpoints in a ThreadMemory, for the conversations of one tenant.

    Only the latest is kept. What a step wrote is not kept apart from the checkpoint after it: the
    graph takes one step at a time, so there is nothing that it would save.
    """

    def __init__(self, memory: ThreadMemory, tenant: TenantId) -> None:
        super().__init__()
        self._memory = memory
        self._tenant = tenant

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The latest checkpoint. Raises RetrievalError."""
        thread = config["configurable"]["thread_id"]
        held = await self._memory.load(self._tenant, thread)
        if held is None:
            return None
        checkpoint, metadata = json.loads(held)
        return CheckpointTuple(_point_at(thread, checkpoint), checkpoint, metadata, None, [])

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,  # noqa: ARG002 - the whole state is written
    ) -> RunnableConfig:
        """Keep a checkpoint in place of the one before. Raises RetrievalError, TypeError."""
        thread = config["configurable"]["thread_id"]
        # Before its first step a run has nothing that starting again would not have.
        if metadata["source"] != "input":
            kept = {key: metadata[key] for key in ("source", "step") if key in metadata}
            written = json.dumps([checkpoint, kept], ensure_ascii=False).encode()
            await self._memory.save(self._tenant, thread, written)
        return _point_at(thread, checkpoint)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """The checkpoint that follows at once holds them."""


class InProcessMemory:
    """Satisfies ThreadMemory; ends with the process."""

    def __init__(self) -> None:
        self._held: dict[tuple[TenantId, str], bytes] = {}

    async def load(self, tenant: TenantId, thread: str) -> bytes | None:
        """What was saved last of a conversation."""
        return self._held.get((tenant, thread))

    async def save(self, tenant: TenantId, thread: str, state: bytes) -> None:
        """Keep the state of a conversation in place of the one before."""
        self._held[tenant, thread] = state

    async def forget(self, tenant: TenantId, thread: str) -> None:
        """Delete it."""
        self._held.pop((tenant, thread), None)


def _point_at(thread: str, checkpoint: Checkpoint) -> RunnableConfig:
    return {
        "configurable": {
            "thread_id": thread,
            "checkpoint_ns": "",
            "checkpoint_id": checkpoint["id"],
        }
    }
