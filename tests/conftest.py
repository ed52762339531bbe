"""Fixtures that give a test a real PostgreSQL with the schema in place."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from migrations.runner import migrate
from retrieval.postgres.embedded import run_embedded_postgres
from retrieval.postgres.pool import Pool, open_pool

# A busy machine is no fault of the code under test.
# The same examples each time, so that what passed here passes elsewhere; new ones are looked for
# with --hypothesis-profile=explore.
settings.register_profile("footnote", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile("footnote")

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data(repository: Path) -> Path:
    """The larger data sets, which lie beside a checkout where they exist."""
    directory = repository.parent / "shared" / "data"
    if not directory.is_dir():
        pytest.skip("the larger data sets are not beside this checkout")
    return directory


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this test session's own; the URL of its maintenance database."""
    # Not below pytest's own directory: another session that starts closes that one to the user
    # as which the server runs when the tests are run by root.
    with (
        tempfile.TemporaryDirectory(prefix="footnote-test-") as directory,
        asyncio.Runner() as runner,
    ):
        server = run_embedded_postgres(Path(directory))
        url = runner.run(server.__aenter__())
        try:
            yield url
        finally:
            runner.run(server.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> str:
    """The name of a migrated database that tests clone."""

    async def make() -> None:
        async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
            await admin.execute("CREATE DATABASE footnote_template")
        url = with_database(postgres_url, "footnote_template")
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            await set_up_schema(connection)

    asyncio.run(make())
    return "footnote_template"


async def set_up_schema(connection: psycopg.AsyncConnection) -> None:
    """Everything `footnote migrate` does."""
    await migrate(connection)


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """The URL of a fresh database without any table."""
    async for url in clone_database(postgres_url, "template0"):
        yield url


@pytest.fixture
async def database_url(postgres_url: str, template_database: str) -> AsyncIterator[str]:
    """The URL of a fresh, migrated database."""
    async for url in clone_database(postgres_url, template_database):
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    """A pool over `database_url`."""
    async with open_pool(database_url, size=8) as opened:
        yield opened


async def clone_database(postgres_url: str, template: str) -> AsyncIterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as admin:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        try:
            yield with_database(postgres_url, name)
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def with_database(url: str, name: str) -> str:
    """The same server, another database."""
    return psycopg.conninfo.make_conninfo(url, dbname=name)
