"""Which files are shown, and that none beside them is."""

from pathlib import Path

import pytest

from apiserver.rest.log_files import LogFiles


@pytest.fixture
def files(tmp_path: Path) -> LogFiles:
    (tmp_path / "secret").write_text("x")
    folder = tmp_path / "log"
    (folder / "deep").mkdir(parents=True)
    (folder / "a<b.log").write_text("line")
    (folder / "deep" / "c.log").write_text("line")
    (folder / "way-out").symlink_to(tmp_path / "secret")
    return LogFiles(folder)


def test_a_folder_is_listed(files: LogFiles) -> None:
    found = files._place("")
    assert isinstance(found, str)
    assert '<a href="a%3Cb.log">a&lt;b.log</a>\n<a href="deep/">deep/</a>' in found


def test_a_file_is_found(files: LogFiles) -> None:
    found = files._place("deep/c.log")
    assert isinstance(found, Path)
    assert found.name == "c.log"


@pytest.mark.parametrize(
    "name", ["none", "../secret", "deep/../../secret", "way-out", "\0", "x" * 300]
)
def test_nothing_else_is(files: LogFiles, name: str) -> None:
    assert files._place(name) is None
