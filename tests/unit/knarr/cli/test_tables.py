"""Tables, custom columns, Go templates and the paper of descriptions."""

from typing import Any

import pytest

from knarr.cli.describing.sheet import tabbed
from knarr.cli.failures import CliError
from knarr.cli.output.custom_columns import CustomColumns
from knarr.cli.output.go_template import GoTemplate
from knarr.cli.output.table import TableOptions, TableText

POD = {"metadata": {"name": "a", "labels": {"x": "1"}}, "spec": {"images": ["i", "j"]}}
TABLE: dict[str, Any] = {
    "columnDefinitions": [
        {"name": "Name", "priority": 0},
        {"name": "IP", "priority": 1},
    ],
    "rows": [{"cells": ["a", None], "object": POD}],
}


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param(TableOptions(), "NAME\na\n", id="narrow"),
        pytest.param(TableOptions(is_wide=True), "NAME   IP\na      <none>\n", id="wide"),
        pytest.param(TableOptions(has_headers=False), "a\n", id="no headers"),
        pytest.param(TableOptions(labels=("app/x", "x")), "NAME   X   X\na          1\n", id="-L"),
        pytest.param(TableOptions(all_labels=True), "NAME   LABELS\na      x=1\n", id="labels"),
        pytest.param(TableOptions(kind_label=lambda _: "pod/"), "NAME\npod/a\n", id="kind"),
    ],
)
def test_table(options: TableOptions, text: str) -> None:
    table = TableText(options)
    table.learn(TABLE)
    squeezed = [line.split() for line in table.text(TABLE["rows"]).splitlines()]
    assert squeezed == [line.split() for line in text.splitlines()]


def test_custom_columns() -> None:
    columns = CustomColumns("N:.metadata.name,I:.spec.images[*],Z:.nothing")
    assert columns.text([POD]).split() == ["N", "I", "Z", "a", "i,j", "<none>"]
    with pytest.raises(CliError, match="expected <header>:<json-path-expr>"):
        CustomColumns("NAME")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{.metadata.name}}", "a"),
        ("{{range .spec.images}}{{.}} {{end}}", "i j "),
        ("{{range $n, $i := .spec.images}}{{$n}}={{$i}};{{end}}", "0=i;1=j;"),
        ('{{if eq .metadata.name "a"}}yes{{else}}no{{end}}', "yes"),
        ("{{if .none}}1{{else if .metadata}}2{{else}}3{{end}}", "2"),
        ("{{with .metadata.labels}}{{.x}}{{end}}", "1"),
        ('{{index .metadata.labels "x" | printf "%s!"}}', "1!"),
        ("{{.nothing}}", "<no value>"),
        ("a {{- .metadata.name -}} b", "aab"),
        ("{{len .spec.images}}", "2"),
    ],
)
def test_go_template(template: str, text: str) -> None:
    assert GoTemplate(template).text(POD) == text


def test_columns_are_as_wide_as_their_neighbours_need() -> None:
    text = "Name:\ta\nLabels:\tx=1\n\ty=2\nList:\n  Very long key:\tv\n"
    assert tabbed(text) == ("Name:    a\nLabels:  x=1\n         y=2\nList:\n  Very long key:  v\n")
