"""What `knarr up` refuses at once."""

from pathlib import Path

import pytest

from knarr.cluster.folder import SHAPE
from knarr.cluster.options import options_of, remember, up_flags, up_options
from knarr.daemon.settings import SettingsError


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--name=NODE"], id="no node is called so"),
        pytest.param(["--name=web-"], id="nor so"),
        pytest.param(["--name=a/b", "--nodes=0"], id="no folder"),
        pytest.param(["--nodes=-1"], id="fewer than none"),
    ],
)
def test_what_cannot_be_is_refused(words: list[str]) -> None:
    with pytest.raises(SettingsError):
        options_of(up_flags().read(words, {}), {})


def test_a_cluster_without_nodes_may_be_called_as_one_likes() -> None:
    found = up_flags().read(["--name=NODE", "--nodes=0"], {})
    assert options_of(found, {}).name == "NODE"


def test_the_next_start_is_like_the_last_unless_told_otherwise(tmp_path: Path) -> None:
    here = f"--state-dir={tmp_path}"
    first = up_options(["--nodes=3", "--runtime=hollow", "--store=memory", here], {})
    first.folder.mkdir()
    remember(first)
    again = up_options([here], {})
    assert (again.nodes, again.runtime, again.store) == (3, "hollow", "memory")
    assert up_options(["--nodes=1", here], {}).nodes == 1
    assert up_options([here], {"KNARR_NODES": "2"}).nodes == 2
    assert up_options(["--name=other", here], {}).nodes == 1
    (first.folder / SHAPE).write_text("{")
    assert up_options([here], {}).nodes == 1, "a broken file says nothing"
