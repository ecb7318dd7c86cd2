"""Deployments converge whatever happens, and keep their promises on the way."""

import pytest

from tests.simulation.checks import never_beyond_bounds, never_moved, never_wants_more, no_orphans
from tests.simulation.story import simulate


def test_converges_and_keeps_its_promises(seed: int) -> None:
    outcome = simulate(seed)
    if not outcome.scaled and not outcome.orphaned:
        # Sharing a new size out in proportion looks at sizes, not at pods, as Kubernetes does;
        # and who deletes a ReplicaSet has its pods replaced before they are gone.
        never_beyond_bounds(outcome.history, disturbed=outcome.disturbed)
    never_wants_more(outcome.history)
    never_moved(outcome.history)
    no_orphans(outcome.history)


@pytest.mark.parametrize("chosen", [1, 5])
def test_the_same_seed_is_the_same_story(chosen: int) -> None:
    assert simulate(chosen).history.digest == simulate(chosen).history.digest
