"""The macros that loop over a list or a map, and those that bind one value."""

from collections.abc import Callable, Iterator
from functools import cmp_to_key
from typing import Any

from knarr.cel.errors import CelError, no_overload
from knarr.cel.frame import Frame
from knarr.cel.tree import Comprehension, Node
from knarr.cel.values import NONE, Optional, compare

Run = Callable[[Frame], Any]
Rounds = Iterator[tuple[Any, Any, Frame]]
"""For each round the key or index, the value, and what the arguments see."""


def comprehension(node: Comprehension, compiled: Callable[[Node], Run]) -> Run:
    """What runs a macro."""
    source = compiled(node.range)
    args = [compiled(arg) for arg in node.args]
    names = node.names
    if node.macro in _BINDINGS:
        bind = _BINDINGS[node.macro]

        def run_bound(frame: Frame) -> Any:
            return bind(source(frame), names[0], args[0], frame)

        return run_bound
    loop = _LOOPS[node.macro]

    def run(frame: Frame) -> Any:
        return loop(_rounds(source(frame), names, frame), args)

    return run


def _rounds(source: Any, names: tuple[str, ...], frame: Frame) -> Rounds:
    if isinstance(source, dict):
        pairs: Any = source.items() if len(names) == 2 else ((key, key) for key in source)
    elif isinstance(source, list | tuple):
        pairs = enumerate(source)
    else:
        raise CelError(f"got '{type(source).__name__}', expected iterable type")
    variables = dict(frame.variables)
    inner = Frame(variables, frame.budget)
    for key, value in pairs:
        frame.step()
        if len(names) == 2:
            variables[names[0]] = key
        variables[names[-1]] = value
        yield key, value, inner


def _truth(value: Any, macro: str) -> bool:
    if not isinstance(value, bool):
        raise no_overload(macro)
    return value


def _decides(rounds: Rounds, run: Run, *, decisive: bool, macro: str) -> bool:
    """Whether some round decides; an error counts only when none does."""
    failed: CelError | None = None
    for _, _, frame in rounds:
        try:
            if _truth(run(frame), macro) is decisive:
                return True
        except CelError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return False


def _all(rounds: Rounds, args: list[Run]) -> bool:
    return not _decides(rounds, args[0], decisive=False, macro="all")


def _exists(rounds: Rounds, args: list[Run]) -> bool:
    return _decides(rounds, args[0], decisive=True, macro="exists")


def _exists_one(rounds: Rounds, args: list[Run]) -> bool:
    return sum(_truth(args[0](frame), "existsOne") for _, _, frame in rounds) == 1


def _filter(rounds: Rounds, args: list[Run]) -> list[Any]:
    return [value for _, value, frame in rounds if _truth(args[0](frame), "filter")]


def _map(rounds: Rounds, args: list[Run]) -> list[Any]:
    if len(args) == 1:
        return [args[0](frame) for _, _, frame in rounds]
    chosen, make = args
    return [make(frame) for _, _, frame in rounds if _truth(chosen(frame), "map")]


def _transform_map(rounds: Rounds, args: list[Run]) -> dict[Any, Any]:
    *chosen, make = args
    return {
        key: make(frame)
        for key, _, frame in rounds
        if all(_truth(each(frame), "transformMap") for each in chosen)
    }


def _transform_map_entry(rounds: Rounds, args: list[Run]) -> dict[Any, Any]:
    *chosen, make = args
    found: dict[Any, Any] = {}
    for _, _, frame in rounds:
        if all(_truth(each(frame), "transformMapEntry") for each in chosen):
            found.update(make(frame))
    return found


def _sort_by(rounds: Rounds, args: list[Run]) -> list[Any]:
    keyed = [(args[0](frame), value) for _, value, frame in rounds]

    def order(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
        found = compare(left[0], right[0])
        if found is None:
            raise no_overload("sortBy")
        return found

    return [value for _, value in sorted(keyed, key=cmp_to_key(order))]


def _with(frame: Frame, name: str, value: Any) -> Frame:
    return Frame({**frame.variables, name: value}, frame.budget)


def _bind(value: Any, name: str, body: Run, frame: Frame) -> Any:
    return body(_with(frame, name, value))


def _opt_map(value: Any, name: str, body: Run, frame: Frame) -> Any:
    if not isinstance(value, Optional):
        raise no_overload("optMap")
    if not value.is_there:
        return NONE
    return Optional(body(_with(frame, name, value.value)), is_there=True)


def _opt_flat_map(value: Any, name: str, body: Run, frame: Frame) -> Any:
    if not isinstance(value, Optional):
        raise no_overload("optFlatMap")
    return body(_with(frame, name, value.value)) if value.is_there else NONE


_BINDINGS: dict[str, Callable[[Any, str, Run, Frame], Any]] = {
    "bind": _bind,
    "optMap": _opt_map,
    "optFlatMap": _opt_flat_map,
}
_LOOPS: dict[str, Callable[[Rounds, list[Run]], Any]] = {
    "all": _all,
    "exists": _exists,
    "existsOne": _exists_one,
    "filter": _filter,
    "map": _map,
    "transformList": _map,
    "transformMap": _transform_map,
    "transformMapEntry": _transform_map_entry,
    "sortBy": _sort_by,
}
