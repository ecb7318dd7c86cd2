"""YAML as Kubernetes' programs write it.

Keys sorted, lists not indented below their key, strings quoted only where a
reader would take them for something else. What must be quoted follows the
rules of the emitter that those programs share.
"""

import json
import re
from typing import Any

_OTHER = re.compile(
    r"""(?x)
    ~ | null | Null | NULL | << | =
    | true | True | TRUE | false | False | FALSE
    | y | Y | yes | Yes | YES | on | On | ON
    | n | N | no | No | NO | off | Off | OFF
    | [-+]?[0-9][0-9_]* | [-+]?0x[0-9a-fA-F_]+ | [-+]?0b[01_]+ | 0o[0-7_]+
    | [-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?
    | [-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?
    | [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN)
    | \d{4}-\d\d?-\d\d?
      (?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)?
    """
)
WIDTH = 80
_NOT_PLAIN_AT_START = set("#,[]{}&*!|>'\"%@`")
_SPECIAL = re.compile(
    "[^\n\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def yaml_text(value: Any) -> str:
    """A document."""
    lines: list[str] = []
    if isinstance(value, dict) and value:
        _map(lines, value, 0, "")
    elif isinstance(value, list) and value:
        _list(lines, value, 0, "")
    else:
        lines.append(_leaf(value, 0))
    return "\n".join(lines) + "\n"


def natural(key: str) -> list[tuple[int, int]]:
    """In which order keys stand: numbers by value, letters after all else."""
    found: list[tuple[int, int]] = []
    for part in re.findall("[0-9]+|[^0-9]", key):
        if part.isascii() and part.isdigit():
            found.append((1, int(part)))
        else:
            found.append((2 if part.isalpha() else 0, ord(part)))
    return found


def _map(lines: list[str], value: dict[str, Any], indent: int, first: str) -> None:
    pad = " " * indent
    for key in sorted(value, key=natural):
        _entry(lines, f"{first or pad}{_scalar(key, is_key=True)}:", value[key], indent)
        first = ""


def _entry(lines: list[str], head: str, value: Any, indent: int) -> None:
    if isinstance(value, dict) and value:
        lines.append(head)
        _map(lines, value, indent + 2, "")
    elif isinstance(value, list) and value:
        lines.append(head)
        _list(lines, value, indent, "")
    else:
        lines.append(f"{head} {_leaf(value, indent + 2, len(head) + 1)}")


def _list(lines: list[str], value: list[Any], indent: int, first: str) -> None:
    pad = " " * indent
    for item in value:
        head = f"{first or pad}- "
        if isinstance(item, dict) and item:
            _map(lines, item, indent + 2, head)
        elif isinstance(item, list) and item:
            _list(lines, item, indent + 2, head)
        else:
            lines.append(head + _leaf(item, indent + 2, len(head)))
        first = ""


def _leaf(value: Any, indent: int, column: int = 0) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    if isinstance(value, str):
        return _folded(value, _scalar(value, indent=indent), indent, column)
    return json.dumps(value)


def _folded(value: str, written: str, indent: int, column: int) -> str:
    """Text that goes on in further lines: a line ends at the first space behind column 80."""
    is_text = written == value or written[0] == "'"
    if column + len(written) <= WIDTH or not is_text or not column:
        return written
    lines, line = [], ""
    words = re.split("(?<! ) (?! )", written)
    for place, word in enumerate(words):
        line += word
        if place + 1 == len(words):
            break
        if column + len(line) > WIDTH:
            lines.append(line)
            line, column = "", indent
        else:
            line += " "
    return f"\n{' ' * indent}".join([*lines, line])


def _scalar(value: str, *, indent: int = 0, is_key: bool = False) -> str:
    if not value or _OTHER.fullmatch(value):
        return f'"{value}"'
    if _SPECIAL.search(value):
        return _double(value)
    if "\n" in value:
        if is_key or re.search(r" \n| $", value):
            return _double(value)
        return _block(value, indent)
    if "\t" in value:
        return _double(value)
    return value if _is_plain(value) else "'" + value.replace("'", "''") + "'"


def _is_plain(value: str) -> bool:
    if value[0] in _NOT_PLAIN_AT_START or value[0] == " " or value[-1] in " :":
        return False
    if value[0] in "-?:" and (len(value) == 1 or value[1] == " "):
        return False
    return not (": " in value or " #" in value or value.startswith(("---", "...")))


def _block(value: str, indent: int) -> str:
    body = value.rstrip("\n")
    trailing = len(value) - len(body)
    hint = "2" if value[0] in " \n" else ""
    chomp = "-" if trailing == 0 else "" if trailing == 1 and body else "+"
    pad = " " * indent
    rows = value.split("\n")[: -1 if trailing else None]
    return f"|{hint}{chomp}\n" + "\n".join(pad + row if row else "" for row in rows)


def _double(value: str) -> str:
    text = value.replace("\\", "\\\\").replace('"', '\\"')
    text = text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return '"' + _SPECIAL.sub(_escaped, text) + '"'


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02X}" if code < 256 else f"\\u{code:04X}"
