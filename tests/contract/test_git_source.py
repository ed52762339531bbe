"""The git connector against git's own server on loopback."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval.errors import (
    DocumentGone,
    DocumentUnreadable,
    InvalidSource,
    SourceRefused,
    SourceUnreadable,
)
from retrieval.model import SourceEntry
from retrieval.ports import Connector
from retrieval.sources.addresses import AddressPolicy
from retrieval.sources.git.connector import guess_web_address, name_page
from retrieval.sources.git.repository import GitRepository, RepositoryLimits
from retrieval.sources.http import HttpClient
from retrieval.sources.registry import check_config, connect_kind
from retrieval.sources.surroundings import Surroundings
from tests.contract.source_benches import LOOPBACK, open_loopback_client
from tests.emulators.git import GitEmulator


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with open_loopback_client() as client:
        yield client


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[GitEmulator]:
    async with GitEmulator(tmp_path / "server") as opened:
        yield opened


def connect(
    http: HttpClient, tmp_path: Path, policy: AddressPolicy = LOOPBACK, **config: object
) -> Connector:
    surroundings = Surroundings(http, tmp_path / "cache", policy)
    return connect_kind("git", check_config("git", config), surroundings)


async def listing(connector: Connector) -> dict[str, SourceEntry]:
    return {entry.external_id: entry async for entry in connector.list_entries()}


async def test_files_of_known_formats_are_listed_with_links_and_dates(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    await server.write("docs/guide one.md", "# Guide")
    await server.write("src/app.py", "def run():\n    pass\n")
    for name in ("logo.png", ".github/x.md", "node_modules/y.md", "gen_pb2.py"):
        await server.write(name, "x")
    found = await listing(connect(http, tmp_path, url=server.url))
    assert set(found) == {"docs/guide one.md", "src/app.py"}
    guide = found["docs/guide one.md"]
    assert guide.url == server.url.removesuffix(".git") + "/blob/main/docs/guide%20one.md"
    assert guide.modified_at == datetime(2026, 1, 2, 12, tzinfo=UTC)
    assert found["src/app.py"].modified_at == datetime(2026, 1, 3, 12, tzinfo=UTC)


async def test_patterns_a_branch_and_an_address_of_their_own(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    await server.write("docs/a.md", "A")
    await server.git("checkout", "-q", "-b", "next/one")
    for name in ("docs/b.md", "docs/old/c.md", "other/d.md"):
        await server.write(name, name)
    chosen = {"include": "docs/*", "exclude": "docs/old/*", "branch": "next/one"}
    base = "https://git.example.com/team/handbook/src/branch/next/one/"
    found = await listing(connect(http, tmp_path, url=server.url, url_base=base, **chosen))
    assert [entry.url for entry in found.values()] == [f"{base}docs/a.md", f"{base}docs/b.md"]
    await server.git("checkout", "-q", "main")
    assert set(await listing(connect(http, tmp_path, url=server.url, branch="main"))) == {
        "docs/a.md"
    }


async def test_links_and_submodules_are_never_followed_and_lfs_is_skipped(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("secret")
    (server.work / "link.md").symlink_to(secret)
    (server.work / "folder").symlink_to(tmp_path)
    os.mkfifo(server.work / "pipe.md")
    await server.write("real.md", "Real.")
    await server.write(
        "big.md", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n"
    )
    await server.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module.md")
    await server.git("commit", "-q", "-m", "A submodule")
    connector = connect(http, tmp_path, url=server.url)
    found = await listing(connector)
    assert set(found) == {"real.md", "big.md"}
    with pytest.raises(DocumentUnreadable, match="LFS"):
        await connector.fetch(found["big.md"])


async def test_a_history_that_was_rewritten_is_read_anew(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    await server.write("a.md", "First.")
    before = await listing(connect(http, tmp_path, url=server.url))
    (server.work / "a.md").write_text("Second.")
    await server.git("add", "-A")
    await server.git("commit", "-q", "--amend", "-m", "Rewritten")
    connector = connect(http, tmp_path, url=server.url)
    after = await listing(connector)
    assert after["a.md"].fingerprint != before["a.md"].fingerprint
    raw = await connector.fetch(after["a.md"])
    assert raw is not None
    assert raw.content == b"Second."


async def test_a_token_is_sent_and_never_shown(http: HttpClient, tmp_path: Path) -> None:
    async with GitEmulator(tmp_path / "server", token="canary-token") as server:
        await server.write("a.md", "A")
        found = await listing(connect(http, tmp_path, url=server.url, token="canary-token"))
        assert set(found) == {"a.md"}
        for wrong in ("wrong-canary", ""):
            with pytest.raises(SourceRefused) as refused:
                await listing(connect(http, tmp_path, url=server.url, token=wrong))
            assert "canary" not in str(refused.value)
    assert b"canary-token" not in b"".join(
        path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(http: HttpClient, tmp_path: Path, status: int) -> None:
    async with GitEmulator(tmp_path / "server", status=status) as server:
        with pytest.raises(SourceRefused):
            await listing(connect(http, tmp_path, url=server.url))


@pytest.mark.parametrize(
    ("status", "error"), [(500, SourceUnreadable), (403, SourceRefused), (404, SourceRefused)]
)
async def test_a_server_in_trouble_lists_nothing(
    http: HttpClient, tmp_path: Path, status: int, error: type[Exception]
) -> None:
    async with GitEmulator(tmp_path / "server") as server:
        await server.write("a.md", "A")
        connector = connect(http, tmp_path, url=server.url)
        entry = (await listing(connector))["a.md"]
        server.status = status
        with pytest.raises(error):
            await listing(connect(http, tmp_path, url=server.url))
        # what was fetched already can still be read
        raw = await connector.fetch(entry)
        assert raw is not None
        assert raw.content == b"A"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0"]
)
async def test_private_addresses_are_not_connected_to(
    server: GitEmulator, http: HttpClient, tmp_path: Path, host: str
) -> None:
    url = server.url.replace("127.0.0.1", host)
    with pytest.raises(SourceUnreadable, match="private|reached"):
        await listing(connect(http, tmp_path, AddressPolicy(), url=url))
    assert server.paths == []


async def test_a_repository_that_is_too_large_is_given_up(
    server: GitEmulator, tmp_path: Path
) -> None:
    await server.write("a.bin", os.urandom(2**20))
    limits = RepositoryLimits(size=1000)
    repository = GitRepository(server.url, tmp_path / "copy", LOOPBACK, limits=limits)
    with pytest.raises(SourceRefused, match="more than"):
        await repository.fetch()


async def test_a_damaged_copy_is_made_anew(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    await server.write("a.md", "A")
    await listing(connect(http, tmp_path, url=server.url))
    for path in (tmp_path / "cache").rglob("*.pack"):
        path.chmod(0o600)
        path.write_bytes(b"damaged")
    for path in (tmp_path / "cache").rglob("objects/??/*"):
        path.chmod(0o600)
        path.write_bytes(b"damaged")
    await server.write("b.md", "B")
    assert set(await listing(connect(http, tmp_path, url=server.url))) == {"a.md", "b.md"}


async def test_a_repository_on_this_machine_is_read_where_it_lies(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    await server.write("a.md", "A")
    connector = connect(http, tmp_path, url=str(server.folder))
    found = await listing(connector)
    assert found["a.md"].url == server.folder.as_uri() + "/a.md"
    assert server.paths == []
    await server.remove("a.md")
    with pytest.raises(DocumentGone):
        await connect(http, tmp_path, url=str(server.folder)).fetch(found["a.md"])


async def test_a_branch_that_does_not_exist_is_refused(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    with pytest.raises(SourceRefused, match="branch"):
        await listing(connect(http, tmp_path, url=server.url, branch="nowhere"))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "needs url"),
        ({"url": "git@github.com:a/b.git"}, "https://"),
        ({"url": "ext::sh -c x"}, "https://"),
        ({"url": "--upload-pack=x"}, "https://"),
        ({"url": "https://user:secret@git.example/a"}, "password"),
        ({"url": "/no/such/folder"}, "does not exist"),
        ({"url": "https://git.example/a", "branch": "--upload-pack=x"}, "branch"),
        ({"url": "https://git.example/a", "branch": "a..b"}, "branch"),
    ],
)
def test_bad_settings_are_refused(config: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSource, match=words):
        check_config("git", config)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://github.com/a/b.git", "https://github.com/a/b/blob/main"),
        ("https://gitlab.example.com/g/s/b.git", "https://gitlab.example.com/g/s/b/-/blob/main"),
        ("https://bitbucket.org/a/b.git", "https://bitbucket.org/a/b/src/main"),
        ("https://codeberg.org/a/b", "https://codeberg.org/a/b/src/branch/main"),
        ("https://git.example.com:8443/a/b/", "https://git.example.com:8443/a/b/blob/main"),
        ("https://github.com/a/b.wiki.git", "https://github.com/a/b/wiki"),
        ("https://gitlab.com/a/b.wiki.git", "https://gitlab.com/a/b/-/wikis"),
    ],
)
def test_files_are_shown_as_their_host_shows_them(url: str, base: str) -> None:
    assert guess_web_address(url, "main") == base


@pytest.mark.parametrize(
    ("base", "page"),
    [
        ("https://github.com/a/b/blob/main", "guides/Set-up.md"),
        ("https://github.com/a/b/wiki", "Set-up"),
        ("https://gitlab.com/a/b/-/wikis", "guides/Set-up"),
        ("https://github.com/a/b/blob/wiki", "guides/Set-up.md"),
    ],
)
def test_pages_of_a_wiki_are_named_as_their_host_names_them(base: str, page: str) -> None:
    assert name_page(base, "guides/Set-up.md") == page


async def test_a_wiki_is_read_with_links_to_its_pages(
    server: GitEmulator, http: HttpClient, tmp_path: Path
) -> None:
    await server.write("Home.md", "# Home")
    await server.write("guides/Set-up.md", "# Set up")
    base = "https://github.com/acme/app/wiki"
    found = await listing(connect(http, tmp_path, url=server.url, url_base=base))
    assert {entry.url for entry in found.values()} == {f"{base}/Home", f"{base}/Set-up"}
