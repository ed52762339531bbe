import os
from pathlib import Path

import pytest

from retrieval.errors import DocumentUnreadable, InvalidSource, SourceUnreadable
from retrieval.model import SourceEntry
from retrieval.sources.files import FilesConnector, FilesSettings, read_files_settings
from retrieval.sources.registry import check_config


def write(path: Path, content: str | bytes = "Text.") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


async def names(connector: FilesConnector) -> list[str]:
    return [entry.external_id async for entry in connector.list_entries()]


async def find(connector: FilesConnector, name: str) -> SourceEntry:
    return {entry.external_id: entry async for entry in connector.list_entries()}[name]


async def test_known_formats_are_listed_and_hidden_and_vendored_ones_are_not(
    tmp_path: Path,
) -> None:
    for name in (
        "a.md", "B.TXT", "deep/er/c.html", "d.pdf", "e.docx", "f.png", "README",
        ".hidden.md", ".git/x.md", "node_modules/y.md", "__pycache__/z.md",
    ):  # fmt: skip
        write(tmp_path / name)
    connector = FilesConnector(FilesSettings(tmp_path))
    assert await names(connector) == ["B.TXT", "a.md", "d.pdf", "deep/er/c.html", "e.docx"]
    entry = await find(connector, "B.TXT")
    assert (await connector.fetch(entry)).media_type == "text/plain"
    assert entry.url == (tmp_path / "B.TXT").as_uri()


async def test_patterns_choose(tmp_path: Path) -> None:
    for name in ("a.md", "b.txt", "docs/c.md", "docs/old/d.md", "docs/old/e.txt"):
        write(tmp_path / name)

    async def chosen(**patterns: tuple[str, ...]) -> list[str]:
        return await names(FilesConnector(FilesSettings(tmp_path, **patterns)))

    assert await chosen(include=("*.md",)) == ["a.md", "docs/c.md", "docs/old/d.md"]
    assert await chosen(include=("docs/*",)) == ["docs/c.md", "docs/old/d.md", "docs/old/e.txt"]
    assert await chosen(exclude=("docs/old/*",)) == ["a.md", "b.txt", "docs/c.md"]
    assert await chosen(include=("**/*.md",), exclude=("d.md",)) == ["a.md", "docs/c.md"]


async def test_a_single_file_is_a_source(tmp_path: Path) -> None:
    write(tmp_path / "one" / "notes")
    write(tmp_path / "one" / "other.md")
    connector = FilesConnector(FilesSettings(tmp_path / "one" / "notes"))
    (name,) = await names(connector)
    assert name == "notes"
    assert (await connector.fetch(await find(connector, name))).content == b"Text."


async def test_links_within_the_folder_are_read_and_links_out_of_it_are_refused(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    write(root / "a.md", "Inside.")
    write(tmp_path / "secret.md", "Outside.")
    (root / "in.md").symlink_to(root / "a.md")
    (root / "out.md").symlink_to(tmp_path / "secret.md")
    (root / "broken.md").symlink_to(tmp_path / "nowhere.md")
    (root / "loop").symlink_to(root)
    (root / "outside").symlink_to(tmp_path)
    connector = FilesConnector(FilesSettings(root))
    assert await names(connector) == ["a.md", "in.md", "out.md"]
    assert (await connector.fetch(await find(connector, "in.md"))).content == b"Inside."
    with pytest.raises(DocumentUnreadable, match="leads out"):
        await connector.fetch(await find(connector, "out.md"))


@pytest.mark.parametrize("name", ["../secret.md", "/etc/passwd", "deep/../../secret.md"])
async def test_an_id_cannot_lead_out_of_the_folder(tmp_path: Path, name: str) -> None:
    write(tmp_path / "secret.md")
    write(tmp_path / "root" / "deep" / "a.md")
    connector = FilesConnector(FilesSettings(tmp_path / "root"))
    with pytest.raises(DocumentUnreadable, match="leads out"):
        await connector.fetch(SourceEntry(name, ""))


async def test_a_sparse_file_of_two_gigabytes_is_refused_without_being_read(
    tmp_path: Path,
) -> None:
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(2**31)
    connector = FilesConnector(FilesSettings(tmp_path))
    with pytest.raises(DocumentUnreadable, match="2,048 MB"):
        await connector.fetch(await find(connector, "huge.txt"))


async def test_a_pipe_is_neither_listed_nor_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    connector = FilesConnector(FilesSettings(tmp_path))
    assert await names(connector) == []
    with pytest.raises(DocumentUnreadable, match="ordinary"):
        await connector.fetch(SourceEntry("pipe.md", ""))


async def test_a_name_that_is_not_unicode_is_listed_and_refused(tmp_path: Path) -> None:
    os.close(os.open(os.fsencode(tmp_path) + b"/caf\xe9.md", os.O_CREAT | os.O_WRONLY))
    connector = FilesConnector(FilesSettings(tmp_path))
    (name,) = await names(connector)
    name.encode("utf-8")
    with pytest.raises(DocumentUnreadable, match="UTF-8"):
        await connector.fetch(await find(connector, name))


async def test_a_folder_that_cannot_be_read_fails_the_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.md")
    write(tmp_path / "locked" / "b.md")
    scan = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    # root may read everything, so permission bits would not do
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(SourceUnreadable, match="locked.*Permission denied"):
        await names(FilesConnector(FilesSettings(tmp_path)))


async def test_urls_are_quoted_and_a_new_base_changes_the_fingerprint(tmp_path: Path) -> None:
    write(tmp_path / "a b" / "ü.md")
    one = FilesConnector(FilesSettings(tmp_path, url_base="https://one.example"))
    two = FilesConnector(FilesSettings(tmp_path, url_base="https://two.example"))
    name = "a b/ü.md"
    assert (await find(one, name)).url == "https://one.example/a%20b/%C3%BC.md"
    assert (await find(one, name)).fingerprint != (await find(two, name)).fingerprint


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({}, "needs path"),
        ({"path": " "}, "needs path"),
        ({"path": 3}, "single line"),
        ({"path": "/", "url": "x"}, "no setting 'url'"),
        ({"path": "/", "url_base": "docs.example.com"}, "https://"),
        ({"path": "/", "url_base": "javascript:alert(1)"}, "https://"),
        ({"path": "/", "url_base": "https://me:secret@docs.example.com"}, "password"),
        ({"path": "/", "include": [1]}, "a list such as"),
        ({"path": "/no/such/folder"}, "does not exist"),
    ],
)
def test_bad_settings_are_refused_with_words_that_mend_them(
    config: dict[str, object], words: str
) -> None:
    with pytest.raises(InvalidSource, match=words):
        check_config("files", config)


def test_good_settings_are_stored_complete(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    config = {"path": "docs", "include": "*.md", "url_base": "https://x.example/d/"}
    stored = check_config("files", config)
    assert stored == {
        "path": str(tmp_path / "docs"),
        "include": ["*.md"],
        "url_base": "https://x.example/d",
    }
    assert read_files_settings(stored).include == ("*.md",)
