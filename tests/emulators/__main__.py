"""Serve the emulators until SIGTERM, SIGINT or the end of stdin (if stdin is a pipe)."""

import argparse
import asyncio
import importlib
import json
import os
import signal
import stat
import sys
from contextlib import AsyncExitStack
from typing import Any

from .slack import SlackEmulator


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulators", description=__doc__)
    parser.add_argument("--slack-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--discord-port", type=int, default=0, help="0: any free port")
    parser.add_argument("--no-slack", action="store_true")
    parser.add_argument("--no-discord", action="store_true")
    parser.add_argument("--json", action="store_true", help="one line of JSON once both are ready")
    return parser.parse_args(arguments)


async def _serve(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with AsyncExitStack() as stack:
        urls: dict[str, Any] = {}
        if not options.no_slack:
            slack = await stack.enter_async_context(SlackEmulator(port=options.slack_port))
            urls["slack"] = slack.describe()
        if not options.no_discord:
            urls["discord"] = await _start_discord(stack, options.discord_port)
        _watch_stdin(ended)
        _announce(urls, as_json=options.json)
        await ended.wait()


async def _start_discord(stack: AsyncExitStack, port: int) -> dict[str, Any]:
    # Imported here so that --no-discord works without what the Discord emulator needs.
    module = importlib.import_module(".discord", __package__)
    discord = await stack.enter_async_context(module.DiscordEmulator(port=port))
    if hasattr(discord, "describe"):
        return dict(discord.describe())
    names = ("api_url", "gateway_url", "driver_url", "bot_token")
    return {name: str(getattr(discord, name)) for name in names}


def _watch_stdin(ended: asyncio.Event) -> None:
    """End with the parent: a pipe's other end closes when the parent dies."""
    descriptor = sys.stdin.fileno() if sys.stdin is not None else -1
    if descriptor < 0 or not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return
    loop = asyncio.get_running_loop()

    def read() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            ended.set()

    loop.add_reader(descriptor, read)


def _announce(urls: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(urls) + "\n")
    else:
        for platform, values in urls.items():
            for name, value in values.items():
                sys.stdout.write(f"{platform} {name}: {value}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(_parse(None)))
