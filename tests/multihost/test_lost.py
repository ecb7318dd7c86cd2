"""A node that nobody hears: what moves, what must not, and that no write is lost."""

from collections.abc import Iterator

import pytest

from tests.multihost.cluster import Cluster
from tests.multihost.stories import a_lost_node, clean

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> Iterator[None]:
    """Whatever a test did, the wires are whole after it and its pods gone."""
    yield
    cluster.lab.wires.heal()
    cluster.wait_ready(90)
    clean(cluster)


def test_pods_of_a_node_behind_a_partition_move_in_time_and_live_once(cluster: Cluster) -> None:
    lost = cluster.nodes[1]
    a_lost_node(cluster, lost, lambda: cluster.lab.wires.partition(cluster.control, lost))
