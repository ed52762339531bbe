"""The server in a process of its own: prints {"url": …} on one line when it listens."""

import argparse
import asyncio
import json
import signal
from pathlib import Path

from .script import load_script
from .server import ChatModelServer


async def serve(script: Path, port: int) -> None:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    rules = load_script(json.loads(script.read_text("utf-8")))
    async with ChatModelServer(rules, port=port) as server:
        print(json.dumps({"url": server.url, "openai_url": server.openai_url}), flush=True)
        await stop.wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(description="A chat-model server with scripted answers.")
    parser.add_argument("--script", type=Path, required=True, help="rules as a JSON list")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.script, arguments.port))


if __name__ == "__main__":
    main()
