"""Comparing objects says what comparing their plain forms says."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from knarr.api import codec
from knarr.api.apply import structs, typed
from knarr.api.apply.schema import schema_of
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.structs import ApiStruct

words = st.sampled_from(["a", "b", "c"])
labels = st.dictionaries(words, words, max_size=3)
ports: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {"containerPort": st.integers(1, 3)},
        optional={"protocol": st.sampled_from(["TCP", "UDP"]), "name": words},
    ),
    max_size=2,
)
containers: st.SearchStrategy[Any] = st.lists(
    st.fixed_dictionaries(
        {"name": words},
        optional={
            "image": words,
            "args": st.lists(words, max_size=2),
            "ports": ports,
            "resources": st.fixed_dictionaries({}, optional={"limits": st.just({"cpu": "1"})}),
            "securityContext": st.just({}),
        },
    ),
    max_size=3,
    unique_by=lambda container: container["name"],
)
metadata: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"name": words},
    optional={
        "labels": labels,
        "finalizers": st.lists(words, max_size=2, unique=True),
        "ownerReferences": st.lists(
            st.fixed_dictionaries(
                {"uid": words, "name": words, "kind": words, "apiVersion": words}
            ),
            max_size=2,
            unique_by=lambda each: str(each["uid"]),
        ),
    },
)
pods: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"metadata": metadata, "spec": st.fixed_dictionaries({"containers": containers})},
    optional={
        "status": st.fixed_dictionaries(
            {},
            optional={
                "phase": words,
                "conditions": st.lists(
                    st.fixed_dictionaries({"type": words, "status": words}),
                    max_size=2,
                    unique_by=str,
                ),
            },
        )
    },
)


def both_say_the_same(object_type: type[ApiStruct], old: Any, new: Any) -> None:
    before = codec.from_plain(object_type, old)
    after = codec.from_plain(object_type, new)
    plain = typed.compare(codec.to_plain(before), codec.to_plain(after), schema_of(object_type))
    assert structs.compare(before, after) == plain


@given(pods, pods)
def test_pods(old: Any, new: Any) -> None:
    both_say_the_same(Pod, old, new)


@given(pods)
def test_creations(new: Any) -> None:
    empty = codec.to_plain(structs.empty(Pod))
    after = codec.from_plain(Pod, new)
    plain = typed.compare(empty, codec.to_plain(after), schema_of(Pod))
    assert structs.compare(structs.empty(Pod), after) == plain


def test_a_reference_that_merges_though_its_type_does_not() -> None:
    old = {"spec": {"claimRef": {"name": "a", "uid": "1"}}}
    new = {"spec": {"claimRef": {"name": "a", "uid": "2"}}}
    both_say_the_same(PersistentVolume, old, new)
    compared = structs.compare(
        codec.from_plain(PersistentVolume, old), codec.from_plain(PersistentVolume, new)
    )
    assert compared.modified == {"f:spec": {"f:claimRef": {"f:uid": {}}}}


def test_service_ports() -> None:
    old = {"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}
    new = {"spec": {"ports": [{"port": 80, "protocol": "TCP"}], "selector": {"a": "c"}}}
    both_say_the_same(Service, old, new)
