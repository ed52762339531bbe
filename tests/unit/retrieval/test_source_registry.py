"""What all kinds of sources have in common."""

from pathlib import Path
from typing import cast

import pytest

from retrieval.errors import InvalidSource
from retrieval.model import Source, SourceId, TenantId
from retrieval.sources.files import FilesConnector
from retrieval.sources.registry import check_config, open_connector
from retrieval.sources.surroundings import Surroundings


def make_source(config: dict[str, object]) -> Source:
    return Source(TenantId("t"), SourceId(1), "docs", "files", config)


def test_authority_is_a_setting_of_every_source(tmp_path: Path) -> None:
    config = check_config("files", {"path": str(tmp_path), "authority": "1.5"})
    assert config == {"path": str(tmp_path), "authority": 1.5}
    source = make_source(config)
    assert source.authority == 1.5
    surroundings = cast("Surroundings", None)  # files need none
    assert isinstance(open_connector(source, surroundings), FilesConnector)


def test_an_authority_of_one_needs_no_mention(tmp_path: Path) -> None:
    assert "authority" not in check_config("files", {"path": str(tmp_path), "authority": 1})
    assert make_source({}).authority == 1
    assert make_source({"authority": "high"}).authority == 1


@pytest.mark.parametrize("value", ["high", 0, -1, 11, None, "nan"])
def test_what_is_no_factor_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(InvalidSource, match=r"factor from 0\.1 to 10"):
        check_config("files", {"path": str(tmp_path), "authority": value})
