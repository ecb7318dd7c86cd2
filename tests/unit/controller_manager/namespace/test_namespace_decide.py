"""How a Namespace ends."""

from msgspec.structs import replace

from controller_manager.namespace.decide import Content, decide
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.namespace import Namespace, NamespaceSpec
from knarr.api.core.pod import Pod
from knarr.api.kind_table import kind_of
from knarr.api.plan import Plan
from tests.builders import NOW, metadata, pod

ENDING = Namespace(
    metadata=metadata("ns", deleting=True), spec=NamespaceSpec(finalizers=("kubernetes",))
)


def content(name: str, *finalizers: str, going: bool = False) -> Content:
    meta = replace(metadata(name, deleting=going), finalizers=finalizers)
    return Content(kind_of(ConfigMap), ConfigMap(metadata=meta), meta)


def conditions(plan: Plan) -> dict[str, tuple[str, str, str]]:
    assert isinstance(plan.status, Namespace)
    return {c.type: (c.status, c.reason, c.message) for c in plan.status.status.conditions}


def test_leaves_living_namespaces_alone() -> None:
    living = replace(ENDING, metadata=metadata("ns"))
    assert decide(living, [content("x")], now=NOW) == Plan()


def test_deletes_what_is_in_it() -> None:
    first, second = content("x"), content("y", going=True)
    plan = decide(ENDING, [first, second], now=NOW)
    assert plan.delete == (first.object,)
    assert plan.finalize is None


def test_pods_go_before_what_they_use() -> None:
    running = pod("p", deleting=True)
    plan = decide(ENDING, [content("x"), Content(kind_of(Pod), running, running.metadata)], now=NOW)
    assert plan.delete == ()
    assert conditions(plan)["NamespaceContentRemaining"][2].endswith(
        "pods. has 1 resource instances"
    )


def test_says_what_it_waits_for() -> None:
    plan = decide(ENDING, [content("x", "example.com/f", going=True)], now=NOW)
    told = conditions(plan)
    assert told["NamespaceContentRemaining"] == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: configmaps. has 1 resource instances",
    )
    assert told["NamespaceFinalizersRemaining"] == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: "
        "example.com/f in 1 resource instances",
    )
    assert told["NamespaceDeletionContentFailure"][1] == "ContentDeleted"


def test_goes_when_it_is_empty() -> None:
    plan = decide(ENDING, [], now=NOW)
    assert isinstance(plan.finalize, Namespace)
    assert plan.finalize.spec.finalizers == ()
    assert conditions(plan)["NamespaceContentRemaining"][1] == "ContentRemoved"
