"""Which form an Accept header asks for."""

import pytest

from apiserver.rest.negotiate import Form, negotiate
from knarr.api.errors import NotAcceptableError

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        pytest.param("", Form(), id="nothing said"),
        pytest.param("*/*", Form(), id="anything"),
        pytest.param("application/yaml", Form("yaml"), id="yaml"),
        pytest.param(f"{TABLE},application/json", Form("json", "Table", "v1"), id="kubectl get"),
        pytest.param(
            "application/vnd.kubernetes.protobuf,application/json", Form(), id="falls back to json"
        ),
        pytest.param("application/json;q=0.1,application/yaml", Form("yaml"), id="by quality"),
        pytest.param(
            "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
            Form(),
            id="skips a version that is not there",
        ),
    ],
)
def test_finds_the_form(accept: str, form: Form) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize(
    "accept", ["application/vnd.kubernetes.protobuf", "text/html", "application/json;as=Nothing"]
)
def test_refuses_what_it_cannot_make(accept: str) -> None:
    with pytest.raises(NotAcceptableError, match="only the following media types are accepted"):
        negotiate(accept)


def test_discovery_has_forms_of_its_own() -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    assert negotiate(accept, allowed="discovery").kind == "APIGroupDiscoveryList"
    with pytest.raises(NotAcceptableError):
        negotiate(accept)
