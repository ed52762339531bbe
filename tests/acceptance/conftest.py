"""Fixtures of the stories: documents that were synced, a database, a shell, the platforms."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from tests.acceptance.program import HANDBOOK, Shell, as_address, write_documents
from tests.conftest import clone_database, with_database

WIKI = "https://wiki.example.com/handbook"


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    return write_documents(tmp_path / "handbook", HANDBOOK)


@pytest.fixture
def shell(database_url: str, tmp_path: Path) -> Shell:
    return Shell(tmp_path, DATABASE_URL=as_address(database_url))


@pytest.fixture(scope="session")
def synced_template(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a database in which the handbook is synced, to be cloned."""
    name = "footnote_synced"
    folder = tmp_path_factory.mktemp("synced")
    handbook = write_documents(folder / "handbook", HANDBOOK)
    shell = Shell(folder, DATABASE_URL=as_address(with_database(postgres_url, name)))

    async def make() -> None:
        async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
            await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
        added = await shell.run("sources", "add", "handbook", str(handbook), "--url-base", WIKI)
        assert added.code == 0, added.errors
        synced = await shell.run("sync", "handbook")
        assert synced.code == 0, synced.errors

    asyncio.run(make())
    return name


@pytest.fixture
async def synced_url(postgres_url: str, synced_template: str) -> AsyncIterator[str]:
    """A database of the test's own in which the handbook is synced."""
    async for url in clone_database(postgres_url, synced_template):
        yield as_address(url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def module_url(postgres_url: str, synced_template: str) -> AsyncIterator[str]:
    """A database of the module's own in which the handbook is synced."""
    async for url in clone_database(postgres_url, synced_template):
        yield as_address(url)
