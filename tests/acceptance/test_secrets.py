"""A token that was entered is in no output, no log and no table in plain text."""

import asyncio
from pathlib import Path

import psycopg

from tests.acceptance.program import Shell

CANARY = "canary-4f1c0ffee"


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A service that knows nobody and, being careless, says back what it was told."""
    asked = await reader.readuntil(b"\r\n\r\n")
    head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(asked)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + asked)
    await writer.drain()
    writer.close()


async def dump(url: str) -> str:
    """Every row of every table as text."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        tables = [row[0] for row in await cursor.fetchall()]
        rows = []
        for table in tables:
            cursor = await connection.execute(f'SELECT t::text FROM "{table}" AS t'.encode())
            rows += [row[0] for row in await cursor.fetchall()]
    return "\n".join(rows)


async def test_a_token_is_nowhere_in_plain_text(
    shell: Shell, tmp_path: Path, database_url: str
) -> None:
    told: list[str] = []
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v3"
    shell.environment |= {
        "FOOTNOTE_LOG_LEVEL": "DEBUG",
        "FOOTNOTE_PRIVATE_HOSTS": "127.0.0.1",
    }
    add = ("sources", "add", "issues", "--github", "acme/app", "--token", CANARY, "--json")
    async with server:
        for arguments in (
            (*add, "--api-url", address),
            (*add, "--api-url", address, "--no-test"),
            ("sources", "test", "issues"),
            ("sync", "issues"),
            ("sources", "list", "--json"),
            ("sync", "history", "--json"),
            ("audit", "--json"),
        ):
            outcome = await shell.run(*arguments)
            told += [outcome.output, outcome.errors]
    assert "401" in told[6] + told[7]  # the token was opened, and used
    stored = await dump(database_url)
    assert "acme/app" in stored
    assert "gAAAA" in stored  # how what Fernet seals begins
    assert CANARY not in "".join(told)
    assert CANARY not in stored
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes()
