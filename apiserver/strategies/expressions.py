"""What is wrong with a CEL expression, as far as that shows without an object.

This reads the text and finds unknown names and results of the wrong type where
they are plain to see. What needs a schema or an object shows when it is run.
"""

import re
from collections.abc import Sequence
from typing import Literal

Result = Literal["any", "bool", "string", "string or null"]

_IDENTIFIER = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")
_RESERVED = frozenset(
    {
        "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import",
        "in", "let", "loop", "namespace", "null", "package", "return", "true", "var", "void",
        "while",
    }
)  # fmt: skip
_LITERALS = (
    (re.compile(r"[-+]?(0x[0-9a-fA-F]+|[0-9]+)"), "int"),
    (re.compile(r"[-+]?[0-9]*\.[0-9]+([eE][-+]?[0-9]+)?"), "double"),
    (re.compile(r"r?('([^'\\]|\\.)*'|\"([^\"\\]|\\.)*\")"), "string"),
    (re.compile("true|false"), "bool"),
    (re.compile("null"), "null_type"),
)
_WANTED: dict[Result, tuple[tuple[str, ...], str]] = {
    "any": ((), ""),
    "bool": (("bool",), "must evaluate to bool but got {}"),
    "string": (("string",), "must evaluate to string but got {}"),
    "string or null": (
        ("string", "null_type"),
        "must evaluate to one of [string null_type] but got {}",
    ),
}
_TOKEN = re.compile(
    r"""\s+|//[^\n]*|(?P<string>[rbRB]{0,2}(?:'''.*?'''|\"\"\".*?\"\"\"|'(?:[^'\\\n]|\\.)*'|"""
    r"""\"(?:[^\"\\\n]|\\.)*\"))|(?P<number>[0-9][0-9a-zA-Z_.]*)|(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)"""
    r"""|(?P<op>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{}])""",
    re.S,
)
_EXPECTED_OPERAND = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, "
    "STRING, BYTES, IDENTIFIER}"
)
_OPERATORS = frozenset(
    {"&&", "||", "<=", ">=", "==", "!=", "<", ">", "+", "*", "/", "%", "?", ":", "in"}
)
_ENVIRONMENT = frozenset(
    {
        "object", "oldObject", "request", "namespaceObject", "variables", "authorizer",
        "base64", "cel", "cidr", "format", "google", "ip", "jsonpatch", "lists", "math",
        "optional", "quantity", "regex", "semver", "sets", "strings", "url",
    }
)  # fmt: skip


def is_identifier(name: str) -> bool:
    """Whether CEL would take the text for a name."""
    return bool(_IDENTIFIER.fullmatch(name)) and name not in _RESERVED


def complaint(
    expression: str,
    *,
    result: Result = "any",
    has_params: bool = False,
    variables: Sequence[str] | None = None,
) -> list[str]:
    """What compiling the expression for admission would complain of."""
    broken = syntax_complaint(expression) or _unknown_name(
        expression, has_params=has_params, variables=variables
    )
    if broken:
        return broken
    wanted, words = _WANTED[result]
    found = literal_type(expression)
    return [words.format(found)] if wanted and found and found not in wanted else []


def literal_type(expression: str) -> str:
    """The type of an expression that is one literal, nothing for all others."""
    text = expression.strip()
    return next((kind for pattern, kind in _LITERALS if pattern.fullmatch(text)), "")


def syntax_complaint(expression: str) -> list[str]:
    """What a parser would complain of first, where it is a missing or stray word."""
    after_operand = False
    depth: list[str] = []
    for kind, text, at in _tokens(expression):
        starts_operand = kind in ("string", "number") or (kind == "name" and text != "in")
        if starts_operand and after_operand and not depth:
            return [
                failed(expression, at, f"Syntax error: mismatched input '{text}' expecting <EOF>")
            ]
        if text in ("(", "[", "{"):
            depth.append(text)
        elif text in (")", "]", "}") and depth:
            depth.pop()
        after_operand = starts_operand or text in (")", "]", "}")
    last = [text for _, text, _ in _tokens(expression)][-1:]
    if last and (last[0] in _OPERATORS or last[0] in ("!", "-", "(")):
        told = f"Syntax error: mismatched input '<EOF>' expecting {_EXPECTED_OPERAND}"
        return [failed(expression, len(expression), told)]
    return []


def _tokens(expression: str) -> list[tuple[str, str, int]]:
    found = []
    for match in _TOKEN.finditer(expression):
        if match.lastgroup is not None:
            found.append((match.lastgroup, match.group(), match.start()))
    return found


def _unknown_name(
    expression: str, *, has_params: bool, variables: Sequence[str] | None
) -> list[str]:
    tokens = _tokens(expression)
    bound = _bound(tokens)
    for i, (kind, text, at) in enumerate(tokens):
        following = tokens[i + 1][1] if i + 1 < len(tokens) else ""
        before = tokens[i - 1][1] if i else ""
        if kind != "name" or text in _RESERVED or before == "?":
            continue
        if before == "." and i >= 2 and tokens[i - 2][1] == "variables" and variables is not None:
            if text not in variables:
                return [failed(expression, at - 1, f"undefined field '{text}'")]
        elif (
            before not in (".", "{", ",")
            and following == "."
            and not _is_known(text, bound, has_params=has_params)
        ):
            told = f"undeclared reference to '{text}' (in container '')"
            return [failed(expression, at, told)]
    return []


def _bound(tokens: Sequence[tuple[str, str, int]]) -> set[str]:
    """Names that macros such as `all(x, ...)` bind: those before a comma."""
    return {
        tokens[i][1]
        for i in range(1, len(tokens) - 1)
        if tokens[i - 1][1] in ("(", ",") and tokens[i + 1][1] == ","
    }


def _is_known(name: str, bound: set[str], *, has_params: bool) -> bool:
    if name in _ENVIRONMENT or name in bound or name[:1].isupper():
        return True
    return name == "params" and has_params


def failed(expression: str, at: int, told: str) -> str:
    """What CEL says of a place in an expression, and a mark at the place."""
    line_start = expression.rfind("\n", 0, at) + 1
    line = expression.count("\n", 0, at) + 1
    text = expression[line_start:].partition("\n")[0]
    column = at - line_start
    return (
        f"compilation failed: ERROR: <input>:{line}:{column + 1}: {told}\n"
        f" | {text}\n | {'.' * column}^"
    )
