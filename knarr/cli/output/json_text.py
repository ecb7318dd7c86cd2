"""JSON as Kubernetes' programs write it: keys sorted, four spaces, HTML's signs escaped."""

import json
from typing import Any

_ESCAPES = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def json_text(value: Any) -> str:
    """A value over several lines."""
    text = json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False)
    return text.translate(_ESCAPES) + "\n"


def compact_json(value: Any) -> str:
    """A value on one line, without spaces."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.translate(_ESCAPES)
