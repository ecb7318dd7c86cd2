"""The house rules that a linter does not know."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ("apiserver", "controller_manager", "scheduler", "kubelet", "proxy", "dns", "knarr")
FILE_LINES_MAX = 500
FUNCTION_LINES_MAX = 60
BANNED_FOLDERS = {"utils", "helpers", "common", "base"}
CLOCK = Path("knarr/daemon/clock.py")
RUN = Path("knarr/daemon/run.py")


def sources() -> Iterator[Path]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if not path.name.endswith("_pb2.py"):
                yield path.relative_to(ROOT)


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


ALL = [pytest.param(path, id=str(path)) for path in sources()]


@pytest.mark.parametrize("path", ALL)
def test_file_holds_one_noun(path: Path) -> None:
    lines = (ROOT / path).read_text().count("\n")
    if not path.is_relative_to("knarr/api"):
        assert lines <= FILE_LINES_MAX, "a file this long holds two nouns"
    assert not BANNED_FOLDERS & set(path.parts), "a function without a home is a missing noun"


@pytest.mark.parametrize("path", ALL)
def test_functions_fit_a_screen(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= FUNCTION_LINES_MAX, f"{path}:{node.lineno} {node.name}"


@pytest.mark.parametrize("path", ALL)
def test_time_and_chance_are_arguments(path: Path) -> None:
    banned = ("datetime.now", "time.time", "uuid.uuid4", "uuid4", "datetime.datetime.now")
    for line, name in calls(ast.parse((ROOT / path).read_text())):
        bare_random = name.startswith("random.") and name not in (
            "random.Random",
            "random.SystemRandom",
        )
        assert path == CLOCK or (name not in banned and not bare_random), f"{path}:{line} {name}"


@pytest.mark.parametrize("path", ALL)
def test_tasks_belong_to_groups(path: Path) -> None:
    banned = ("asyncio.create_task", "asyncio.ensure_future", "asyncio.gather", "loop.create_task")
    for line, name in calls(ast.parse((ROOT / path).read_text())):
        assert path == RUN or name not in banned, f"{path}:{line} {name}"


@pytest.mark.parametrize("path", ALL)
def test_folders_reexport_nothing(path: Path) -> None:
    if path.name != "__init__.py":
        return
    tree = ast.parse((ROOT / path).read_text())
    assert ast.get_docstring(tree), f"{path} promises nothing"
    ordered_lists = {Path("scheduler/plugins/__init__.py"), Path("dns/plugins/__init__.py")}
    if path not in ordered_lists:
        assert len(tree.body) == 1, f"{path} holds more than its promise"


def test_no_mocks() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        if path != Path(__file__):
            assert "unittest.mock" not in path.read_text(), path
