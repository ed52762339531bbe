"""The house as a whole: our names are ours, and the words for every error exist."""

import importlib
from importlib.metadata import distributions
from pathlib import Path

import pytest

PACKAGES = ("bot", "agents", "retrieval", "migrations")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_resolves_to_this_checkout(package: str, repository: Path) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve().is_relative_to(repository)


def test_no_other_distribution_installs_our_names() -> None:
    owners = {
        (name, distribution.metadata["Name"])
        for distribution in distributions()
        for file in distribution.files or []
        if (name := file.parts[0]) in PACKAGES and distribution.metadata["Name"] != "footnote"
    }
    assert owners == set()


def test_no_torch_comes_with_the_default_install(repository: Path) -> None:
    for name in ("runtime.lock", "model.lock"):
        lines = (repository / "requirements" / name).read_text(encoding="utf-8").splitlines()
        names = {line.split("==")[0].strip() for line in lines if "==" in line}
        assert names
        assert not {one for one in names if one in ("torch", "triton") or one.startswith("nvidia")}


def test_lock_files_name_no_host_and_pin_with_hashes(repository: Path) -> None:
    for lock in (repository / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "://" not in text
        pinned = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in line and line.endswith("\\") for line in pinned), lock.name
        assert text.count("--hash=sha256:") >= len(pinned)
