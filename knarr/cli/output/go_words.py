"""Values as Go prints them."""

from typing import Any

from knarr.api.field_errors import show

EXPONENT_FROM = 21


def go_words(value: Any) -> str:
    """A value as `%v` shows it: true, 1.5e+09, [a b], map[a:b]."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list):
        return f"[{' '.join(map(go_words, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_words(value[key])}' for key in sorted(value))}]"
    return str(value)


def _number(value: float) -> str:
    """The shortest form that is read back as the same number."""
    if value == 0:
        return "0"
    digits, exponent = f"{value:.17e}".split("e")
    for places in range(17):
        shorter = f"{value:.{places}e}"
        if float(shorter) == value:
            digits, exponent = shorter.split("e")
            break
    if -4 <= int(exponent) < EXPONENT_FROM and value.is_integer():
        return str(int(value))
    if -4 <= int(exponent) < 6:
        return repr(value)
    return f"{digits}e{int(exponent):+03d}"


def go_syntax(value: Any) -> str:
    """A value as `%#v` shows it: as it would stand in a program."""
    if value is None:
        return "interface {}(nil)"
    if isinstance(value, str):
        return show(value)
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(go_syntax, value))}}}"
    if isinstance(value, dict):
        pairs = ", ".join(f"{show(key)}:{go_syntax(value[key])}" for key in sorted(value))
        return f"map[string]interface {{}}{{{pairs}}}"
    return go_words(value)
