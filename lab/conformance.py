"""Writes docs/conformance.md: which of our tests holds what Kubernetes' conformance tests do.

`python lab/conformance.py` after a test was marked with `pytest.mark.conformance(NAME, …)`;
a tidy test fails while the page is not up to date. Names are in tests/conformance.txt.
"""

import ast
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMES = ROOT / "tests" / "conformance.txt"
PAGE = ROOT / "docs" / "conformance.md"

HEAD = """# Conformance

Kubernetes' own conformance tests, and the tests of ours that hold the same. Made by
`python lab/conformance.py`; do not edit.
"""

SECTION = """
## {sig}

{held} of {all} have a test of ours.

| Kubernetes' test | our test | state |
|---|---|---|
"""


def marks() -> dict[str, list[str]]:
    """Our tests by the names of those of Kubernetes they are marked with."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for test, name in _marked(path):
            found.setdefault(name, []).append(f"{path.relative_to(ROOT)}::{test}")
    return found


def _marked(path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text()
    if "mark.conformance" not in text:
        return
    module = ast.parse(text)
    constants = _constants(module)
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("mark.conformance"):
                yield from ((node.name, _said(name, constants)) for name in mark.args)


def _constants(module: ast.Module) -> dict[str, str]:
    """What names of the whole file stand for."""
    return {
        target.id: node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _said(node: ast.expr, constants: dict[str, str]) -> str:
    """The text of a string that may begin with a name: `f"{GROUP} should work"`."""
    if not isinstance(node, ast.JoinedStr):
        return str(ast.literal_eval(node))
    parts = []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            parts.append(constants[ast.unparse(part.value)])
        else:
            parts.append(str(ast.literal_eval(part)))
    return "".join(parts)


def page() -> str:
    """The page as it has to be: a section for each of Kubernetes' special interest groups."""
    names, ours = NAMES.read_text().splitlines(), marks()
    sections = (_section(sig, list(own), ours) for sig, own in groupby(names, key=_sig))
    return HEAD + "".join(sections)


def _sig(name: str) -> str:
    return name[1 : name.index("]")]


def _section(sig: str, names: list[str], ours: dict[str, list[str]]) -> str:
    rows = []
    for name in names:
        tests = "<br>".join(f"`{test}`" for test in ours.get(name, ()))
        rows.append(f"| {name} | {tests} | {'holds' if tests else 'no test yet'} |")
    held = sum(name in ours for name in names)
    return SECTION.format(sig=sig, held=held, all=len(names)) + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
