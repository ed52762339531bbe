"""What stands beside Footnote in the benchmarks."""

import sys
from pathlib import Path

import pytest

from tests.bench import peers
from tests.bench.peers import ContenderFailed, choose_contenders, run_contender


async def test_a_contender_s_last_line_is_what_it_found() -> None:
    found = await run_contender(
        sys.executable, "-c", "print('warming up'); print('{\"rows\": []}')"
    )
    assert found == {"rows": []}


async def test_of_a_contender_that_fails_the_reason_is_told() -> None:
    with pytest.raises(ContenderFailed, match="no such store"):
        await run_contender(sys.executable, "-c", "raise SystemExit('no such store')")


def test_contenders_are_chosen_by_name_where_they_are_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(peers, "PYTHON", Path(sys.executable))
    assert choose_contenders() == ("langchain", "raglite")
    assert choose_contenders(["langchain"]) == ("langchain",)
    monkeypatch.setattr(peers, "PYTHON", tmp_path / "python")
    assert choose_contenders() == ()
