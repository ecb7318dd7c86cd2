"""What becomes of objects whose owners go."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.garbagecollector.decide import OwnerState, decide
from controller_manager.garbagecollector.graph import FOREGROUND, ORPHAN, Graph, Item
from knarr.api.core.config_map import ConfigMap
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import OwnerReference
from knarr.api.plan import Plan
from tests.builders import metadata

KIND = kind_of(ConfigMap)


def item(
    name: str, *owners: str, finalizers: tuple[str, ...] = (), going: bool = False, **more: Any
) -> Item:
    """A ConfigMap; an owner named `x!` must wait for it."""
    meta = replace(
        metadata(name, deleting=going),
        finalizers=finalizers,
        owner_references=tuple(reference(each) for each in owners),
        **more,
    )
    return Item(KIND, ConfigMap(metadata=meta), meta)


def reference(owner: str) -> OwnerReference:
    name = owner.removesuffix("!")
    return OwnerReference(
        api_version="v1",
        kind="ConfigMap",
        name=name,
        uid=f"uid-{name}",
        block_owner_deletion=owner.endswith("!") or None,
    )


def states(**owners: OwnerState) -> Mapping[str, OwnerState]:
    return {f"uid-{name}": state for name, state in owners.items()}


def patched(plan: Plan) -> list[tuple[str, Any]]:
    return [
        (patch.object.metadata.name, patch.body["metadata"])  # type: ignore[attr-defined]
        for patch in plan.patch
    ]


@pytest.mark.parametrize(
    ("owners", "dependents", "policy"),
    [
        pytest.param(states(a="there"), [], None, id="keeps what has an owner"),
        pytest.param(states(a="gone"), [], "Background", id="deletes what has lost its owner"),
        pytest.param(states(a="elsewhere"), [], "Background", id="an owner must be near"),
        pytest.param(states(a="unknown"), [], None, id="keeps what it does not understand"),
        pytest.param(states(a="waiting"), [], "Background", id="goes before an owner that waits"),
        pytest.param(
            states(a="waiting"),
            [item("d", "x!")],
            "Foreground",
            id="goes after its own dependents when its owner waits",
        ),
    ],
)
def test_decide(
    owners: Mapping[str, OwnerState], dependents: list[Item], policy: str | None
) -> None:
    plan = decide(item("x", "a"), owners, dependents)
    deleted = plan.delete_options.propagation_policy if plan.delete_options else None
    assert (deleted, bool(plan.delete)) == (policy, policy is not None)
    assert not plan.delete or plan.delete_unchanged


def test_loses_references_to_owners_that_are_gone() -> None:
    plan = decide(item("x", "a", "b"), states(a="gone", b="there"), [])
    ((_, change),) = patched(plan)
    assert [each["name"] for each in change["ownerReferences"]] == ["b"]
    assert change["resourceVersion"], "only if nobody changed it since"
    assert plan.delete == ()


def test_a_foreign_owner_is_told() -> None:
    plan = decide(item("x", "a"), states(a="elsewhere"), [])
    (notice,) = plan.notices
    assert notice.message == (
        "ownerRef [v1/ConfigMap, namespace: default, name: a, uid: uid-a] "
        'does not exist in namespace "default"'
    )


def test_a_cluster_wide_object_of_a_namespaced_owner_stays() -> None:
    plan = decide(item("x", "a", namespace=""), states(a="elsewhere"), [])
    assert plan.delete == ()
    assert [notice.reason for notice in plan.notices] == ["OwnerRefInvalidNamespace"]


def test_an_owner_waits_for_those_who_block_it() -> None:
    owner = item("a", finalizers=("mine", FOREGROUND), going=True)
    assert decide(owner, {}, [item("x", "a!")]) == Plan()
    ((name, change),) = patched(decide(owner, {}, [item("y", "a")]))
    assert (name, change["finalizers"]) == ("a", ["mine"])


def test_an_owner_lets_its_dependents_go() -> None:
    owner = item("a", finalizers=(ORPHAN,), going=True)
    changes = patched(decide(owner, {}, [item("x", "a", "b"), item("y", "a")]))
    assert [name for name, _ in changes] == ["x", "y", "a"], "the owner goes last"
    assert [each["name"] for each in changes[0][1]["ownerReferences"]] == ["b"]
    assert changes[1][1]["ownerReferences"] is None
    assert changes[2][1]["finalizers"] is None


def test_owners_in_a_circle_do_not_wait_for_ever() -> None:
    dependent = item("b", "x!", finalizers=(FOREGROUND,), going=True)
    plan = decide(item("x", "b!"), states(b="waiting"), [dependent])
    ((_, change),) = patched(plan)
    assert change["ownerReferences"][0]["blockOwnerDeletion"] is False
    assert plan.delete


def test_graph_looks_at_dependents_when_their_owner_goes() -> None:
    graph = Graph()
    graph.put(item("x", "a"))
    assert not list(graph.put(item("a")))
    assert list(graph.remove("uid-a")) == ["uid-x"]
    assert [each.metadata.name for each in graph.dependents_of("uid-a")] == ["x"]


def test_graph_looks_at_a_waiting_owner_when_a_dependent_goes() -> None:
    graph = Graph()
    graph.put(item("x", "a!"))
    waiting = item("a", finalizers=(FOREGROUND,), going=True)
    assert set(graph.put(waiting)) == {"uid-a", "uid-x"}
    assert list(graph.remove("uid-x")) == ["uid-a"]


NAMES = st.sampled_from("abcde")
CHANGES = st.lists(
    st.tuples(NAMES, st.one_of(st.none(), st.lists(NAMES, max_size=3, unique=True))), max_size=30
)


@given(CHANGES)
def test_graph_is_the_same_however_it_came_about(changes: list[tuple[str, list[str]]]) -> None:
    graph, living = Graph(), dict[str, Item]()
    for name, owners in changes:
        if owners is None:
            graph.remove(f"uid-{name}")
            living.pop(name, None)
        else:
            living[name] = item(name, *owners)
            graph.put(living[name])
    assert len(graph) == len(living)
    for owner in "abcde":
        expected = {
            name
            for name, each in living.items()
            if owner in {reference.name for reference in each.metadata.owner_references}
        }
        found = {each.metadata.name for each in graph.dependents_of(f"uid-{owner}")}
        assert found == expected
