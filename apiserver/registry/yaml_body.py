"""Reads YAML as Kubernetes does: the first document, keys told that stand twice."""

from typing import Any, NamedTuple

import yaml


class YamlBody(NamedTuple):
    """What a YAML text holds."""

    plain: Any
    """Its first document as JSON values."""
    complaints: list[str]
    """Keys that stand twice."""


class _Loader(yaml.SafeLoader):
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
        return super().construct_mapping(node, deep=deep)


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
        loader = _Loader(data)
        return YamlBody(_plain_keys(loader.get_data()), loader.complaints)
    except (UnicodeDecodeError, RecursionError, TypeError, ValueError) as error:
        raise yaml.YAMLError(str(error)) from None


def _plain_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _plain_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain_keys(item) for item in value]
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
