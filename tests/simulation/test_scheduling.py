"""Pods are placed as they may be, whatever happens to scheduler, server and nodes."""

from tests.simulation.placement import check_placements, simulate_placement

TURN = 0


def test_places_pods_and_never_breaks_a_promise(seed: int) -> None:
    check_placements(simulate_placement(seed))
