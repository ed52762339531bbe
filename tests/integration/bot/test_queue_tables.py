"""The queue's own tables: made once, and brought up to date when the library brings migrations."""

from pathlib import Path

import psycopg
import pytest
from procrastinate.schema import SchemaManager

from bot.queue import FIRST_TABLES, set_up_queue

LATER = "98.00.00_01_pre_later"
LATEST = "99.00.00_50_post_latest"


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that ships two more migrations."""
    for file in Path(SchemaManager.get_migrations_path()).glob("*.sql"):
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / f"{LATEST}.sql").write_text("ALTER TABLE later_jobs ADD COLUMN latest int;")
    (tmp_path / f"{LATER}.sql").write_text("CREATE TABLE later_jobs (later int);")
    monkeypatch.setattr(SchemaManager, "get_migrations_path", lambda: str(tmp_path))


async def connect(url: str) -> psycopg.AsyncConnection:
    return await psycopg.AsyncConnection.connect(url, autocommit=True)


async def test_tables_are_made_once(database_url: str) -> None:
    async with await connect(database_url) as connection:
        assert await set_up_queue(connection) == ["procrastinate"]
        assert await set_up_queue(connection) == []


def test_what_is_taken_for_applied_where_nothing_is_noted_is_a_migration() -> None:
    shipped = [file.stem for file in Path(SchemaManager.get_migrations_path()).glob("*.sql")]
    assert FIRST_TABLES in shipped


@pytest.mark.parametrize("noted", [True, False])
async def test_migrations_that_came_later_are_applied_in_order(
    queue_url: str, noted: bool, later: None
) -> None:
    async with await connect(queue_url) as connection:
        if not noted:
            await connection.execute("COMMENT ON TABLE procrastinate_jobs IS NULL")
        assert await set_up_queue(connection) == [LATER, LATEST]
        await connection.execute("SELECT later, latest FROM later_jobs")
        assert await set_up_queue(connection) == []


async def test_tables_that_a_later_library_makes_lack_nothing(
    database_url: str, later: None
) -> None:
    async with await connect(database_url) as connection:
        assert await set_up_queue(connection) == ["procrastinate"]
        assert await set_up_queue(connection) == []
