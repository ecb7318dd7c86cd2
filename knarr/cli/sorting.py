"""`--sort-by`: the order of objects by a field."""

from collections.abc import Sequence
from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.output.jsonpath import JsonPath, relaxed

Json = dict[str, Any]


def places(path: str, objects: Sequence[Json]) -> list[int]:
    """In which order the objects stand; those without the field come first. Raise CliError."""
    template = relaxed(path)
    reader = JsonPath(template)
    values = [next(iter(reader.values(obj)), None) for obj in objects]
    if objects and all(value is None for value in values):
        raise CliError(f'couldn\'t find any field with path "{template}" in the list of objects')
    return sorted(range(len(objects)), key=lambda place: _key(values[place]))


def _key(value: Any) -> tuple[int, float, str]:
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, bool | int | float):
        return (1, float(value), "")
    if isinstance(value, str):
        amount = _amount(value)
        return (2, amount, value) if amount is not None else (3, 0.0, value)
    return (4, 0.0, str(value))


def _amount(text: str) -> float | None:
    """The number of a quantity, so that 2Gi comes after 512Mi."""
    from knarr.api.quantities import parse  # noqa: PLC0415

    if not text[:1].isdigit():
        return None
    try:
        return float(str(parse(text)))
    except (ValueError, TypeError):
        return None
