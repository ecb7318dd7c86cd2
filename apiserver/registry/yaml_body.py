"""Reads YAML as Kubernetes does: the first document, keys told that stand twice."""

import json
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec
import yaml

from knarr.api.json_text import whole_text
from knarr.api.thorough import duplicates

VALUES_MAX = 1_000_000
"""More values than any text of the size allowed says one by one: aliases of aliases do."""

DEPTH_MAX = 1000
"""Nothing that Kubernetes knows is nested as deep."""


class YamlBody(NamedTuple):
    """What a YAML text holds."""

    plain: Any
    """Its first document as JSON values."""
    complaints: list[str]
    """Keys that stand twice."""


_FastLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where PyYAML was built with libyaml, as its wheels are."""


class _Loader(_FastLoader):  # type: ignore[misc]
    """Remembers keys that stand twice, and keeps dates as the texts they were."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.complaints: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # as yaml calls it
        seen = set()
        for key_node, _ in node.value:
            key = str(getattr(key_node, "value", ""))
            if key in seen:
                line = key_node.start_mark.line + 1
                self.complaints.append(f'line {line}: key "{key}" already set in map')
            seen.add(key)
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, rule) for tag, rule in rules if tag != "tag:yaml.org,2002:timestamp"]
    for letter, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_WORDS = (
    ("expected the node content", "did not find expected node content"),
    ("mapping values are not allowed", "mapping values are not allowed in this context"),
    ("that cannot start any token", "found character that cannot start any token"),
    ("expected ',' or ']'", "did not find expected ',' or ']'"),
    ("expected ',' or '}'", "did not find expected ',' or '}'"),
    ("expected <block end>", "did not find expected key"),
    ("could not find expected ':'", "could not find expected ':'"),
    ("found unexpected end of stream", "found unexpected end of stream"),
)
"""What PyYAML says of a fault, and what the library says that Kubernetes reads YAML with."""


def fault(error: yaml.YAMLError) -> str:
    """What is wrong with a text, as Kubernetes tells it: `yaml: line 5: …`."""
    problem = getattr(error, "problem", None) or str(error)
    told = next((words for sign, words in _WORDS if sign in problem), problem)
    mark = getattr(error, "problem_mark", None)
    line = mark.line if mark is not None else 0
    if isinstance(error, yaml.scanner.ScannerError):
        line = line + 1 if line else 0
    else:
        line = max(line, 1)
    return f"yaml: line {line}: {told}" if line else f"yaml: {told}"


def read_yaml(data: bytes) -> YamlBody:
    """Read a text. Raise yaml.YAMLError."""
    try:
        data = whole_text(data)
        if data.lstrip()[:1] == b"{":
            # Nearly all "YAML" that programs send is JSON, which is read a thousand times faster.
            with suppress(msgspec.DecodeError, ValueError, RecursionError):
                if not duplicates(data):
                    return YamlBody(msgspec.json.decode(data), [])
        _check_depth(data)
        loader = _Loader(data)
        found = loader.get_data()
        if _count(found, {}) > VALUES_MAX:
            raise yaml.YAMLError("document contains excessive aliasing")
        return YamlBody(_plain(found), loader.complaints)
    except (OverflowError, RecursionError, TypeError, ValueError) as error:
        raise yaml.YAMLError(str(error)) from None


def _check_depth(data: bytes) -> None:
    """Raise YAMLError for a text so deep that libyaml would overflow the stack."""
    if sum(data.count(sign) for sign in (b"[", b"{", b"- ", b"? ")) < DEPTH_MAX:
        return
    depth = 0
    for event in yaml.parse(data, _FastLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                raise yaml.YAMLError("exceeded max depth")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def to_json(plain: Any) -> bytes:
    """The values as JSON; halves of characters, which YAML can escape, become signs."""
    try:
        return msgspec.json.encode(plain)
    except UnicodeEncodeError:
        text = json.dumps(plain, ensure_ascii=False, default=str)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _count(value: Any, counted: dict[int, int]) -> int:
    """How many values there are, those of an alias as often as it stands there."""
    if not isinstance(value, dict | list):
        return 1
    known = counted.get(id(value))
    if known is None:
        items = value.values() if isinstance(value, dict) else value
        known = counted[id(value)] = 1 + sum(_count(item, counted) for item in items)
    return known


def _plain(value: Any) -> Any:
    """The value as JSON can say it."""
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if type(value) is int and not -(2**63) <= value < 2**64:
        return float(value)
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
