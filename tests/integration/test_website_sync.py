"""A website that is synced: what changes, what goes, and what trouble must not take away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from retrieval.model import Source, SyncMode, SyncRun, SyncState, TenantId
from retrieval.parsing.process import ProcessParser
from retrieval.ports import Connector
from retrieval.postgres.pool import Pool
from retrieval.postgres.sources import PostgresSourceStore
from retrieval.postgres.store import PostgresDocumentStore
from retrieval.sources.registry import check_config, open_connector
from retrieval.sources.surroundings import Surroundings
from retrieval.sync.engine import SyncEngine
from tests.contract.source_benches import LOOPBACK, Time, open_loopback_client
from tests.emulators.website import WebsiteEmulator
from tests.fakes.embedder import InMemoryEmbedder

PAGES = 12


class World:
    """A site, a store, and an engine between them."""

    def __init__(
        self,
        pool: Pool,
        site: WebsiteEmulator,
        parser: ProcessParser,
        surroundings: Surroundings,
        time: Time,
    ) -> None:
        self.site = site
        self.embedder = InMemoryEmbedder()
        self._pool = pool
        self._records = PostgresSourceStore(pool)
        self._surroundings = surroundings
        store = PostgresDocumentStore(pool, self.embedder.model)
        self._engine = SyncEngine(
            store,
            self._records,
            self.embedder,
            parser,
            connect=self._open,
            sleep=time.sleep,
            clock=lambda: time.seconds,
        )
        self._source: Source

    def _open(self, source: Source) -> Connector:
        return open_connector(source, self._surroundings)

    async def add(self, how: str) -> None:
        config = check_config("website", {"url": f"{self.site.url}/docs/", "how": how})
        tenant = TenantId("default")
        self._source = await self._records.add_source(tenant, "docs", "website", config)

    async def sync(self, mode: SyncMode = SyncMode.INCREMENTAL) -> SyncRun:
        return await self._engine.run(self._source, mode)

    async def read(self) -> dict[str, str]:
        """What can be found, by path."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT external_id, string_agg(chunk.body, '|' ORDER BY ordinal)"
                " FROM document JOIN chunk USING (tenant_id, document_id)"
                " WHERE cardinality(document.audience) > 0 GROUP BY 1"
            )
            rows = await cursor.fetchall()
        return {name.removeprefix(f"{self.site.url}/docs/"): text for name, text in rows}

    def write(self, number: int, text: str) -> None:
        self.site.write_article(f"/docs/p{number}", f"Page {number}", text)

    def link(self, numbers: range) -> None:
        """Have the front page and the sitemap name these pages."""
        links = [f"p{number}" for number in numbers]
        self.site.write_article("/docs/", "Welcome", "Read on.", *links)
        entries = "".join(f"<url><loc>{self.site.url}/docs/{name}</loc></url>" for name in links)
        self.site.write("/docs/sitemap.xml", f"<urlset>{entries}</urlset>", "text/xml")


@pytest.fixture(params=["crawl", "sitemap"])
async def world(request: pytest.FixtureRequest, pool: Pool, tmp_path: Path) -> AsyncIterator[World]:
    time = Time()
    async with (
        WebsiteEmulator() as site,
        open_loopback_client(time) as http,
        ProcessParser(workers=1) as parser,
    ):
        made = World(pool, site, parser, Surroundings(http, tmp_path, LOOPBACK), time)
        for number in range(PAGES):
            made.write(number, f"Text number {number}.")
        made.link(range(PAGES))
        await made.add(request.param)
        run = await made.sync()
        assert run.state is SyncState.SUCCEEDED
        yield made


def pages(found: dict[str, str]) -> set[str]:
    return {name for name in found if name.startswith("p")}


ALL = {f"p{number}" for number in range(PAGES)}


async def test_pages_are_updated_and_deleted(world: World) -> None:
    assert pages(await world.read()) == ALL
    embedded = len(world.embedder.embedded)
    run = await world.sync()
    assert (run.counts.added, run.counts.updated, run.counts.failed) == (0, 0, 0)
    assert len(world.embedder.embedded) == embedded
    world.write(3, "Another text.")
    del world.site.pages["/docs/p7"]
    world.link(range(PAGES - 1))
    await world.sync()
    found = await world.read()
    assert pages(found) == ALL - {"p7", "p11"}
    assert "Another text." in found["p3"]


@pytest.mark.parametrize("status", [403, 500])
async def test_trouble_with_half_of_the_pages_deletes_nothing_and_is_told(
    world: World, status: int
) -> None:
    for number in range(0, PAGES, 2):
        world.site.fail(f"/docs/p{number}", status)
    run = await world.sync()
    assert pages(await world.read()) == ALL
    assert run.counts.deleted == 0
    assert str(status) in f"{run.error} {[failure.reason for failure in run.failures]}"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
async def test_a_site_in_trouble_deletes_nothing_and_says_so(world: World, status: int) -> None:
    world.site.fail("*", status)
    run = await world.sync()
    assert run.state is SyncState.FAILED
    assert str(status) in (run.error or "")
    assert pages(await world.read()) == ALL


async def test_a_listing_that_is_empty_or_cut_short_deletes_nothing(world: World) -> None:
    sitemap = world.site.pages["/docs/sitemap.xml"].body
    for broken in (sitemap[: len(sitemap) // 2], b"<urlset></urlset>", b""):
        world.site.write("/docs/sitemap.xml", broken, "text/xml")
        world.site.write("/docs/", b"")
        run = await world.sync()
        assert run.state is SyncState.FAILED
        assert run.error
        assert pages(await world.read()) == ALL
