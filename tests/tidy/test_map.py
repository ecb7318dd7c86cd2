"""ARCHITECTURE.md shows the project as it is."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "ARCHITECTURE.md").read_text()
PARTS = ("apiserver", "controller_manager", "scheduler", "kubelet", "proxy", "dns", "knarr")


@pytest.mark.parametrize("folder", PARTS)
def test_every_part_is_on_the_map(folder: str) -> None:
    assert f"`{folder}/`" in MAP or f"`{folder}/api/`" in MAP


def test_every_folder_of_the_server_and_the_shared_package_is_on_the_map() -> None:
    missing = [
        f"{parent}/{path.name}"
        for parent in ("apiserver", "knarr")
        for path in sorted((ROOT / parent).iterdir())
        if (path / "__init__.py").exists() and f"`{parent}/{path.name}/`" not in MAP
    ]
    assert missing == []


def test_every_path_named_there_exists() -> None:
    named = re.findall(r"`([a-z_]+/[a-z_/.]+)`", MAP)
    gone = [path for path in named if "<" not in path and not (ROOT / path).exists()]
    assert gone == []
