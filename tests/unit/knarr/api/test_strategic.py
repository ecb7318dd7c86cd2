"""Strategic merge patch: directives, orders and complaints."""

from typing import Any

import pytest

from knarr.api.apps.deployment import Deployment
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import Pod
from knarr.api.patches import strategic
from knarr.api.patches.errors import PatchError, PatchFormatError


def pod(*names: str, **spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [{"name": name, "image": "i"} for name in names], **spec}}


def names(document: dict[str, Any]) -> list[str]:
    return [container["name"] for container in document["spec"]["containers"]]


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        pytest.param([{"name": "new"}], ["new", "a", "b", "c"], id="new items go first"),
        pytest.param([{"name": "b", "image": "2"}], ["a", "b", "c"], id="known items stay"),
        pytest.param([{"name": "b", "$patch": "delete"}], ["a", "c"], id="delete takes one out"),
        pytest.param(
            [{"name": "z"}, {"$patch": "replace"}], ["z"], id="replace leaves only the patch's"
        ),
    ],
)
def test_list_merge(patch: list[dict[str, Any]], expected: list[str]) -> None:
    merged = strategic.apply(Pod, pod("a", "b", "c"), {"spec": {"containers": patch}})
    assert names(merged) == expected


@pytest.mark.parametrize(
    ("order", "patch", "expected"),
    [
        pytest.param("cab", [{"name": "c", "image": "2"}], ["c", "a", "b"], id="as told"),
        pytest.param("bnac", [{"name": "n"}], ["b", "n", "a", "c"], id="new one between"),
        pytest.param("ca", None, ["b", "c", "a"], id="the server's own keeps its place"),
    ],
)
def test_element_order(order: str, patch: list[dict[str, Any]] | None, expected: list[str]) -> None:
    spec: dict[str, Any] = {"$setElementOrder/containers": [{"name": name} for name in order]}
    if patch is not None:
        spec["containers"] = patch
    assert names(strategic.apply(Pod, pod("a", "b", "c"), {"spec": spec})) == expected


def test_patch_leaves_the_document_alone() -> None:
    document = pod("a", nodeSelector={"x": "1"})
    merged = strategic.apply(Pod, document, {"spec": {"nodeSelector": {"x": None, "y": "2"}}})
    assert merged["spec"]["nodeSelector"] == {"y": "2"}
    assert document == pod("a", nodeSelector={"x": "1"})


def test_retain_keys_trims() -> None:
    document = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    merged = strategic.apply(Deployment, document, patch)
    assert merged["spec"]["strategy"] == {"type": "Recreate"}


def test_scalars_merge_and_leave() -> None:
    document = {"metadata": {"finalizers": ["a", "b"]}}
    assert strategic.apply(ConfigMap, document, {"metadata": {"finalizers": ["c"]}}) == {
        "metadata": {"finalizers": ["c", "a", "b"]}
    }
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}
    assert strategic.apply(ConfigMap, document, patch) == {"metadata": {"finalizers": ["b"]}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param(
            {"containers": [{"image": "x"}]},
            "map: map[image:x] does not contain declared merge key: name",
            id="no merge key",
        ),
        pytest.param(
            {"containers": [{"name": "a", "$patch": "bad"}]},
            "unknown patch type: bad in map: map[$patch:bad name:a]",
            id="bad directive",
        ),
        pytest.param(
            {"$setElementOrder/containers": "x"},
            "expected a []interface {}, but received a string",
            id="order is no list",
        ),
        pytest.param(
            {"$setElementOrder/containers": [{"name": "a"}], "containers": [{"name": "z"}]},
            "The order in patch list:\n[map[name:z]]\n doesn't match $setElementOrder list:\n"
            "[map[name:a]]\n",
            id="order leaves one out",
        ),
        pytest.param(
            {"containers": ["x"]},
            "list element types are not identical: [[map[image:i name:a]] [x]]",
            id="items of two kinds",
        ),
    ],
)
def test_complaints(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(PatchError) as error:
        strategic.apply(Pod, pod("a"), {"spec": spec})
    assert str(error.value) == words


def test_retain_keys_must_name_all() -> None:
    patch = {"spec": {"strategy": {"$retainKeys": ["rollingUpdate"], "type": "Recreate"}}}
    with pytest.raises(PatchFormatError, match="invalid patch format of retainKeys"):
        strategic.apply(Deployment, {"spec": {"strategy": {"type": "x"}}}, patch)
