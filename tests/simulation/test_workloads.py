"""StatefulSets, DaemonSets and Jobs keep their promises whatever happens."""

from tests.simulation.workload_checks import (
    each_counted_once,
    keeps_claims,
    never_more_active_than,
    never_out_of_order,
    never_too_many_on_a_node,
    never_two_leave_at_once,
    never_without_a_daemon,
)
from tests.simulation.workload_story import PARALLELISM, simulate

TURN = 1


def test_they_converge_and_keep_their_promises(seed: int) -> None:
    outcome = simulate(seed)
    never_out_of_order(outcome.history, parallel=outcome.parallel)
    if not outcome.parallel and not outcome.disturbed:
        never_two_leave_at_once(outcome.history)
    keeps_claims(outcome.history)
    never_too_many_on_a_node(outcome.history, surging=outcome.surging)
    if outcome.surging and not outcome.disturbed:
        never_without_a_daemon(outcome.history)
    never_more_active_than(outcome.history, PARALLELISM)
    each_counted_once(outcome.history, disturbed=outcome.disturbed)
