"""/doc and /audit: what is known of a document, and who commanded what."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.model import Claim
from bot.ports import Audit, Sources
from bot.rendering.report import compose_audit, compose_documents
from bot.verdict import Verdict, answer

SHOWN_ENTRIES = 20
MOST_ENTRIES = 100


class Lookups:
    """Looks things up for admins."""

    def __init__(self, sources: Sources, audit: Audit, now: Callable[[], datetime]) -> None:
        self._sources = sources
        self._audit = audit
        self._now = now

    async def describe_document(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """/doc and an address."""
        if len(words) != 1:
            return None
        address = words[0].strip("<>")
        reports = await self._sources.describe_document(claim.tenant, address)
        reply = compose_documents(address, reports, self._now())
        return answer(claim, "shown" if reports else "unknown", reply)

    async def show_audit(self, claim: Claim, words: Sequence[str]) -> Verdict | None:
        """/audit, and how many entries."""
        limit = _read_number(words)
        if limit is None:
            return None
        records = await self._audit.list_entries(claim.tenant, limit=limit)
        return answer(claim, "shown", compose_audit(records))


def _read_number(words: Sequence[str]) -> int | None:
    match words:
        case ():
            return SHOWN_ENTRIES
        case (word,) if word.isdecimal() and int(word):
            return min(int(word), MOST_ENTRIES)
        case _:
            return None
