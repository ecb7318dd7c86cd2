"""What a path names."""

import pytest

from apiserver.rest.path import Path, parse_path

CASES = {
    "/api/v1/nodes": Path("", plural="nodes", version="v1"),
    "/api/v1/nodes/n": Path("", plural="nodes", name="n", version="v1"),
    "/apis/apps/v1/namespaces/x/deployments/d/scale": Path(
        "",
        group="apps",
        version="v1",
        namespace="x",
        plural="deployments",
        name="d",
        subresource="scale",
    ),
    "/api/v1/namespaces/x": Path("", version="v1", namespace="x", plural="namespaces", name="x"),
    "/api/v1/namespaces/x/status": Path(
        "", version="v1", namespace="x", plural="namespaces", name="x", subresource="status"
    ),
    "/api/v1/namespaces/x/pods/p/proxy/a/b/": Path(
        "",
        version="v1",
        namespace="x",
        plural="pods",
        name="p",
        subresource="proxy",
        rest="a/b/",
    ),
    "/api/v1/nodes/a%2Fb": Path("", version="v1", plural="nodes", name="a/b"),
    "/api/v1/watch/pods": Path("", version="v1", plural="pods", watched=True),
}


@pytest.mark.parametrize("raw", CASES)
def test_resource_paths(raw: str) -> None:
    assert parse_path(raw) == CASES[raw]._replace(raw=raw, is_resource=True)


@pytest.mark.parametrize(
    "raw", ["/", "*", "/api", "/api/v1", "/api/v1/", "/apis/apps/v1", "/healthz", "/apis//"]
)
def test_other_paths(raw: str) -> None:
    assert not parse_path(raw).is_resource
