"""How fields whose names are no CEL names are spelt in expressions."""

from functools import lru_cache

_ESCAPES = (
    ("__underscores__", "__"),
    ("__dot__", "."),
    ("__dash__", "-"),
    ("__slash__", "/"),
)
KEYWORDS = frozenset(
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for",
        "function", "if", "import", "let", "loop", "package", "namespace", "return", "var",
        "void", "while",
    }
)  # fmt: skip


@lru_cache(4096)
def unescaped(name: str) -> str:
    """The field that a name in an expression stands for."""
    if "__" not in name:
        return name
    if name.startswith("__") and name.endswith("__") and name[2:-2] in KEYWORDS:
        return name[2:-2]
    found, at = "", 0
    while at < len(name):
        for written, meant in _ESCAPES:
            if name.startswith(written, at):
                found += meant
                at += len(written)
                break
        else:
            found += name[at]
            at += 1
    return found


def escaped(field: str) -> str | None:
    """How an expression spells a field; None when it cannot."""
    if field in KEYWORDS:
        return f"__{field}__"
    spelt = field.replace("__", "__underscores__").replace(".", "__dot__")
    spelt = spelt.replace("-", "__dash__").replace("/", "__slash__")
    return spelt if spelt.isidentifier() and spelt.isascii() else None
