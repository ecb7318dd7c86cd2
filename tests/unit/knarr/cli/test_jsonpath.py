"""What JSONPath templates find and print."""

import pytest

from knarr.cli.failures import CliError
from knarr.cli.output.jsonpath import JsonPath, relaxed

PODS = {
    "items": [
        {
            "metadata": {"name": "a", "labels": {"app.io/x": "1"}},
            "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Other"}]},
            "spec": {"n": 3},
        },
        {"metadata": {"name": "b"}, "status": {"conditions": []}, "spec": {"n": 10}},
    ]
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        pytest.param("{.items[*].metadata.name}", "a b", id="wildcard"),
        pytest.param("{.items[-1].metadata.name}", "b", id="index from the end"),
        pytest.param("{.items[0:1].metadata.name}", "a", id="slice"),
        pytest.param("{.items[0,1].metadata.name}", "a b", id="several indexes"),
        pytest.param("{..name}", "a b", id="everything below"),
        pytest.param(
            '{range .items[*]}{.metadata.name}{"\\n"}{end}', "a\nb\n", id="range with a line break"
        ),
        pytest.param("{.items[0].metadata.labels.app\\.io/x}", "1", id="escaped dot"),
        pytest.param("{.items[0].metadata.labels['app.io/x']}", "1", id="quoted key"),
        pytest.param(
            '{.items[0].status.conditions[?(@.type=="Ready")].status}', "True", id="filter"
        ),
        pytest.param("{.items[?(@.spec.n>5)].metadata.name}", "b", id="filter by number"),
        pytest.param("{.items[?(@.metadata.labels)].metadata.name}", "a", id="filter by existence"),
        pytest.param("{.items[0].spec}", '{"n":3}', id="a map as JSON"),
        pytest.param("{.nothing}", "", id="what is not there"),
        pytest.param("name: {.items[0].metadata.name}!", "name: a!", id="text around"),
    ],
)
def test_template(template: str, text: str) -> None:
    assert JsonPath(template).text(PODS) == text


@pytest.mark.parametrize("path", ["metadata.name", ".metadata.name", "{.metadata.name}"])
def test_relaxed_spellings_are_one(path: str) -> None:
    assert relaxed(path) == "{.metadata.name}"


@pytest.mark.parametrize("template", ["{.a", "{.a[}", "{range .a}{.b}", "{end}", "{.a[?(@.b]}"])
def test_broken_templates_are_refused(template: str) -> None:
    with pytest.raises(CliError):
        JsonPath(template)


def test_strict_paths_must_exist() -> None:
    with pytest.raises(CliError, match="nothing is not found"):
        JsonPath("{.nothing}", is_strict=True).text(PODS)
