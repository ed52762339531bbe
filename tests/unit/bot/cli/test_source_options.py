"""The options of `footnote sources add`."""

from ast import literal_eval
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from bot.cli.source_options import read_source_options, source_options
from retrieval.sources.registry import KINDS


@click.command()
@click.argument("path", required=False)
@source_options
def show(path: str | None, **values: object) -> None:
    click.echo(repr(read_source_options(path, values)))


def test_every_field_of_every_kind_has_its_option() -> None:
    shown = CliRunner().invoke(show, ["--help"]).output
    for name, kind in KINDS.items():
        assert name == "files" or f"--{name} " in shown
        for field in kind.fields[1:]:
            assert f"--{field.name.replace('_', '-')} " in shown


def test_a_path_is_a_files_source() -> None:
    arguments = ["docs", "--include", "*.md", "--include", "*.txt", "--url-base", "https://x"]
    shown = CliRunner().invoke(show, arguments).output
    expected = {"path": "docs", "url_base": "https://x", "include": ["*.md", "*.txt"]}
    assert literal_eval(shown) == ("files", expected)


@pytest.mark.parametrize("arguments", [[], ["--include", "*.md"]])
def test_a_source_without_a_place_is_refused(arguments: list[str]) -> None:
    result = CliRunner().invoke(show, arguments)
    assert result.exit_code == 2
    assert "Say where the source is" in result.output


def test_a_secret_may_be_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("geheim")
    values = {"kind_github": "acme/app", "field_token": f"@{tmp_path / 'token'}"}
    assert read_source_options(None, values)[1]["token"] == "geheim"
    with pytest.raises(click.UsageError, match="cannot be read"):
        read_source_options(None, {**values, "field_token": "@/no/such/file"})
