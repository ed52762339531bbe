"""The assistant without a platform, in a process of its own: answers each line of its input and
prints how long that took, in milliseconds. It is set up as the shipped program is.
"""

import asyncio
import sys
import time
import uuid

from bot.settings import load_settings
from bot.wiring import open_footnote
from retrieval.model import EVERYONE


async def main() -> None:
    async with open_footnote(load_settings()) as footnote:
        await footnote.warm_up()
        print("ready", flush=True)
        while question := (await asyncio.to_thread(sys.stdin.readline)).strip():
            key = uuid.uuid4().hex
            started = time.perf_counter()
            await footnote.ask(question, key, frozenset({EVERYONE}), key)
            print((time.perf_counter() - started) * 1_000, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
