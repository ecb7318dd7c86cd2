"""docs/conformance.md says what the tests are marked with."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_up_to_date() -> None:
    made = runpy.run_path(str(ROOT / "lab" / "conformance.py"))
    names = (ROOT / "tests" / "conformance.txt").read_text().splitlines()
    assert set(made["marks"]()) <= set(names), "a test is marked with a name that does not exist"
    page = (ROOT / "docs" / "conformance.md").read_text()
    assert page == made["page"](), "run python lab/conformance.py"
