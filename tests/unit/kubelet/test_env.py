"""The environment of a container."""

from base64 import b64encode

import pytest

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.env import (
    ConfigMapEnvSource,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    ObjectFieldSelector,
    ResourceFieldSelector,
    SecretEnvSource,
)
from knarr.api.core.references import ConfigMapKeySelector
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.secret import Secret
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from kubelet.sync.downward import PodFacts
from kubelet.sync.env import (
    MissingReferenceError,
    Sources,
    environment,
    expand,
    service_variables,
)
from tests.unit.kubelet.pods import pod, spec

FACTS = PodFacts(pod(), ("127.64.0.2",), ("10.0.0.1",), "4", "8Gi")
SOURCES = Sources(
    {"colours": ConfigMap(data={"sea": "blue", "sun": "yellow"})},
    {"login": Secret(data={"password": b64encode(b"s3cret").decode()})},
    {},
)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        pytest.param("$(A)-$(B)", "1-2", id="known names"),
        pytest.param("$(C)", "$(C)", id="an unknown one stays"),
        pytest.param("$$(A)", "$(A)", id="a doubled dollar is one"),
        pytest.param("$A", "$A", id="without parentheses it is text"),
    ],
)
def test_expand(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded


def test_later_variables_see_earlier_ones() -> None:
    made = spec("main", env=(EnvVar(name="A", value="1"), EnvVar(name="B", value="$(A)2")))
    assert environment(made, FACTS, SOURCES) == {"A": "1", "B": "12"}


def test_whole_config_maps_and_secrets() -> None:
    made = spec(
        "main",
        env_from=(
            EnvFromSource(config_map_ref=ConfigMapEnvSource(name="colours"), prefix="C_"),
            EnvFromSource(secret_ref=SecretEnvSource(name="login")),
        ),
        env=(EnvVar(name="C_sun", value="red"),),
    )
    found = environment(made, FACTS, SOURCES)
    assert found == {"C_sea": "blue", "C_sun": "red", "password": "s3cret"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("metadata.name", "web", id="name"),
        pytest.param("status.podIP", "127.64.0.2", id="address"),
        pytest.param("status.hostIP", "10.0.0.1", id="the node's address"),
    ],
)
def test_fields_of_the_pod(path: str, value: str) -> None:
    source = EnvVarSource(field_ref=ObjectFieldSelector(field_path=path))
    made = spec("main", env=(EnvVar(name="X", value_from=source),))
    assert environment(made, FACTS, SOURCES) == {"X": value}


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [
        pytest.param("limits.cpu", "1", "1", id="cores, rounded up"),
        pytest.param("limits.cpu", "1m", "500", id="thousandths"),
        pytest.param("requests.memory", "1Mi", "64", id="mebibytes"),
        pytest.param("limits.memory", "1Gi", "8", id="no limit: what the node has"),
    ],
)
def test_resources_of_the_container(resource: str, divisor: str, value: str) -> None:
    selector = ResourceFieldSelector(resource=resource, divisor=Quantity(divisor))
    made = spec(
        "main",
        env=(EnvVar(name="X", value_from=EnvVarSource(resource_field_ref=selector)),),
        resources=ResourceRequirements(
            limits={"cpu": Quantity("500m")}, requests={"memory": Quantity("64Mi")}
        ),
    )
    assert environment(made, FACTS, SOURCES) == {"X": value}


def test_what_is_missing_is_named() -> None:
    ref = ConfigMapKeySelector(name="colours", key="moon")
    made = spec("main", env=(EnvVar(name="X", value_from=EnvVarSource(config_map_key_ref=ref)),))
    with pytest.raises(MissingReferenceError, match="couldn't find key moon in ConfigMap"):
        environment(made, FACTS, SOURCES)


def test_what_is_optional_may_be_missing() -> None:
    ref = ConfigMapKeySelector(name="none", key="moon", optional=True)
    made = spec("main", env=(EnvVar(name="X", value_from=EnvVarSource(config_map_key_ref=ref)),))
    assert environment(made, FACTS, SOURCES) == {}


def test_services_are_told() -> None:
    service = Service(
        metadata=ObjectMeta(name="my-web"),
        spec=ServiceSpec(cluster_ip="10.96.0.9", ports=(ServicePort(name="http", port=80),)),
    )
    found = service_variables([service])
    assert found["MY_WEB_SERVICE_HOST"] == "10.96.0.9"
    assert found["MY_WEB_SERVICE_PORT_HTTP"] == "80"
    assert found["MY_WEB_PORT_80_TCP_ADDR"] == "10.96.0.9"
