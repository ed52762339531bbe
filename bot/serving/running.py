"""What `footnote serve` and `footnote work` run."""

import gc
from collections.abc import Callable, Mapping

from bot.platforms.slack_platform import SlackPlatform
from bot.serving.answering import build_worker, open_enclosures
from bot.serving.parts import Parts, connect_platforms
from bot.tasks import run_together
from bot.wiring import Footnote
from bot.worker_process import WorkerProcess

Announce = Callable[[Mapping[str, object]], None]


async def serve_platforms(
    footnote: Footnote,
    *,
    slack: bool,
    discord: bool,
    announce: Announce,
    worker: WorkerProcess | None = None,
) -> None:
    """Receive from the platforms until cancelled; `announce` is told once they are connected.

    It is told `ready`, a `summary` for people, and `http`: the base address of the HTTP server, or
    None where there is none. `worker` answers what comes in; without one, that is for others.

    Raises ConnectionRefused, SettingsInvalid, WorkerFailed.
    """
    async with connect_platforms(footnote, worker, slack=slack, discord=discord) as parts:
        work = [platform.run() for platform in parts.platforms.values()]
        if worker is not None:
            work.append(worker.run())
        await run_together(*work, _announce_when_ready(parts, worker, announce))


async def work_for_platforms(
    footnote: Footnote, *, slack: bool, discord: bool, announce: Announce
) -> None:
    """Answer what was received, until cancelled; `announce` is told as by `serve_platforms`.

    Raises ConnectionRefused, SettingsInvalid.
    """
    async with (
        connect_platforms(footnote, None, slack=slack, discord=discord) as parts,
        open_enclosures(footnote, parts.platforms) as enclosures,
    ):
        await footnote.warm_up()
        settle_memory()
        announce({"ready": True, "summary": ", ".join(parts.names), "http": None})
        await build_worker(footnote, parts, enclosures).run()


def settle_memory() -> None:
    """Keep the garbage collector from looking through what was loaded for good again and again.

    A full collection halts the process: over all the libraries for a tenth of a second, in which
    nothing is acked; over what was made since, for a few milliseconds.
    """
    gc.collect()
    gc.freeze()


async def _announce_when_ready(
    parts: Parts, worker: WorkerProcess | None, announce: Announce
) -> None:
    address = None
    for platform in parts.platforms.values():
        await platform.wait_until_receiving()
        if isinstance(platform, SlackPlatform) and platform.http is not None:
            address = platform.http.address
    if worker is not None:
        await worker.wait_until_ready()
    settle_memory()
    announce({"ready": True, "summary": ", ".join(parts.names), "http": address})
