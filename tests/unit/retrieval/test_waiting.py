"""What lies between preparing and writing is bounded, and comes in full batches."""

import asyncio

from retrieval.model import EVERYONE, Chunk, Document, Span
from retrieval.sync.waiting import LAST, PreparedDocument, WaitingRoom


def prepare(name: str, chunks: int) -> PreparedDocument:
    document = Document(name, f"https://x/{name}", name, "text", "h", frozenset({EVERYONE}))
    return PreparedDocument(
        document, [Chunk(place, "text", Span(0, 4)) for place in range(chunks)], is_new=True
    )


def name_all(batch: list[PreparedDocument]) -> list[str]:
    return [item.document.external_id for item in batch]


async def test_a_batch_is_as_full_as_what_waits() -> None:
    room = WaitingRoom(100)
    for name, chunks in (("a", 3), ("b", 4), ("c", 0), ("d", 5)):
        await room.put(prepare(name, chunks))
    assert name_all(await room.take(7)) == ["a", "b"]
    assert name_all(await room.take(7)) == ["c", "d"]


async def test_whoever_prepares_waits_while_it_is_full() -> None:
    room = WaitingRoom(4)
    await room.put(prepare("large", 1_000))
    putting = asyncio.create_task(room.put(prepare("next", 1)))
    await asyncio.sleep(0)
    assert not putting.done()
    assert name_all(await room.take(1)) == ["large"]
    await putting
    assert name_all(await room.take(1)) == ["next"]


async def test_the_end_is_told_to_everyone_who_waits() -> None:
    room = WaitingRoom(4)
    waiting = [asyncio.create_task(room.take(1)) for _ in range(2)]
    await asyncio.sleep(0)
    await room.put(prepare("last", 1))
    await room.close()
    taken = await asyncio.gather(*waiting)
    assert sorted(map(name_all, taken)) == [[], ["last"]]


async def test_the_last_batches_are_smaller() -> None:
    room = WaitingRoom(100 * LAST)
    for number in range(8 * LAST):
        await room.put(prepare(str(number), 1))
    await room.close()
    taken = [len(await room.take(5 * LAST)) for _ in range(5)]
    assert taken == [4 * LAST, 2 * LAST, LAST, LAST, 0]
