"""What `knarr up` refuses at once."""

import pytest

from knarr.cluster.options import options_of, up_flags
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
