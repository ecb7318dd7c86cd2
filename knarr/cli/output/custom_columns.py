"""`-o custom-columns=NAME:.metadata.name,…`: columns that the user chooses."""

from collections.abc import Sequence
from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.output.jsonpath import JsonPath, relaxed
from knarr.cli.output.table import columns_text

NONE = "<none>"


class CustomColumns:
    """The columns of a specification. Raise CliError when it cannot be read."""

    def __init__(self, spec: str, *, has_headers: bool = True) -> None:
        if not spec:
            raise CliError("custom-columns format specified but no custom columns given")
        self._has_headers = has_headers
        self.headers: list[str] = []
        self._paths: list[JsonPath] = []
        for part in spec.split(","):
            header, colon, path = part.partition(":")
            if not colon:
                raise CliError(
                    f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"
                )
            self.headers.append(header)
            self._paths.append(JsonPath(relaxed(path)))

    @classmethod
    def from_template(cls, text: str, *, has_headers: bool = True) -> "CustomColumns":
        """The columns of a file: headers on the first line, paths on the second."""
        lines = text.splitlines()
        headers, paths = lines[0].split(), lines[1].split() if len(lines) > 1 else []
        if len(headers) != len(paths):
            raise CliError(
                f"number of headers ({len(headers)}) and field specifications ({len(paths)}) "
                "don't match"
            )
        spec = ",".join(f"{header}:{path}" for header, path in zip(headers, paths, strict=True))
        return cls(spec, has_headers=has_headers)

    def row(self, obj: Any) -> list[str]:
        """The cells of one object."""
        return [",".join(go_value(one) for one in path.values(obj)) or NONE for path in self._paths]

    def text(self, objects: Sequence[Any]) -> str:
        """The table."""
        rows = [self.row(obj) for obj in objects]
        return columns_text([self.headers, *rows] if self._has_headers else rows)


def go_value(value: Any) -> str:
    """A value as Go prints it: `map[a:1]`, `[x y]`, `<nil>`."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_value(one) for one in value) + "]"
    return str(value)
