"""Wire names are spelt as Kubernetes spells them."""

import pytest

from knarr.api.structs import wire_name


@pytest.mark.parametrize(
    ("field", "name"),
    [
        pytest.param("replicas", "replicas", id="one word stays"),
        pytest.param("pod_ips", "podIPs", id="plural initialisms keep a small s"),
        pytest.param("cluster_ip", "clusterIP", id="initialisms are capitals"),
        pytest.param("external_ips", "externalIPs", id="odd ones are listed"),
        pytest.param("continue_", "continue", id="a keyword loses its underscore"),
        pytest.param("x_kubernetes_map_type", "x-kubernetes-map-type", id="extensions have dashes"),
        pytest.param("dollar_ref", "$ref", id="a dollar is spelt out"),
    ],
)
def test_wire_name(field: str, name: str) -> None:
    assert wire_name(field) == name
