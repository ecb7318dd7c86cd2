"""Every type and every field of the API says what it means."""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

API = Path(__file__).parents[2] / "knarr" / "api"
GROUPS = sorted(path for path in API.glob("*/*.py") if "(ApiStruct)" in path.read_text())


def undocumented(path: Path) -> list[str]:
    found = []
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.ClassDef):
            continue
        if not ast.get_docstring(node):
            found.append(node.name)
        for field, following in pairwise([*node.body, ast.Pass()]):
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            if "ClassVar" in ast.unparse(field.annotation):
                continue
            is_text = (
                isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
                and len(following.value.value) > 3
                and "TODO" not in following.value.value
            )
            if not is_text:
                found.append(f"{node.name}.{field.target.id}")
    return found


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in GROUPS])
def test_every_field_is_explained(path: Path) -> None:
    assert undocumented(path) == []


def test_the_groups_are_found() -> None:
    assert len(GROUPS) > 70
