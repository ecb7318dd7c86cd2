"""Makes the tree of an expression."""

from knarr.cel.errors import CelSyntaxError
from knarr.cel.lexer import Token, tokens
from knarr.cel.macros import expand
from knarr.cel.tree import Call, Ident, Index, ListOf, Literal, MapOf, Message, Node, Select

NESTING_MAX = 50
"""An expression nested deeper is refused, so that none exhausts the stack."""

_BINARY = (
    frozenset({"<", "<=", ">", ">=", "==", "!=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
_CONSTANTS = {"true": True, "false": False, "null": None}
_RESERVED = frozenset(
    {
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip
_OPERANDS = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, "
    "STRING, BYTES, IDENTIFIER}"
)


def parse(text: str) -> Node:
    """The tree of a text. Raise CelSyntaxError."""
    parser = _Parser(tokens(text))
    node = parser.expression()
    if parser.now.kind != "end":
        raise CelSyntaxError(
            parser.now.at, f"Syntax error: mismatched input '{parser.now.text}' expecting <EOF>"
        )
    return node


class _Parser:
    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._next = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        return self._words[self._next]

    def _take(self) -> Token:
        token = self.now
        if token.kind != "end":
            self._next += 1
        return token

    def _is(self, *ops: str) -> bool:
        return self.now.kind == "op" and self.now.text in ops

    def _accept(self, *ops: str) -> Token | None:
        return self._take() if self._is(*ops) else None

    def _expect(self, op: str) -> Token:
        if not self._is(op):
            raise self._unexpected(f"'{op}'")
        return self._take()

    def _unexpected(self, wanted: str) -> CelSyntaxError:
        told = f"Syntax error: mismatched input '{self.now.text}' expecting {wanted}"
        return CelSyntaxError(self.now.at, told)

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > NESTING_MAX:
            raise CelSyntaxError(self.now.at, "expression recursion limit exceeded")
        condition = self._either()
        mark = self._accept("?")
        if mark is not None:
            then = self._either()
            self._expect(":")
            condition = Call("_?_:_", None, (condition, then, self.expression()), mark.at)
        self._depth -= 1
        return condition

    def _either(self) -> Node:
        left = self._both()
        while mark := self._accept("||"):
            left = Call("_||_", None, (left, self._both()), mark.at)
        return left

    def _both(self) -> Node:
        left = self._binary(0)
        while mark := self._accept("&&"):
            left = Call("_&&_", None, (left, self._binary(0)), mark.at)
        return left

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        left = self._binary(level + 1)
        while self.now.kind in ("op", "name") and self.now.text in _BINARY[level]:
            mark = self._take()
            name = "@in" if mark.text == "in" else f"_{mark.text}_"
            left = Call(name, None, (left, self._binary(level + 1)), mark.at)
        return left

    def _unary(self) -> Node:
        marks = []
        while mark := self._accept("!", "-"):
            marks.append(mark)
        node = self._member()
        for mark in reversed(marks):
            if mark.text == "-" and isinstance(node, Literal) and type(node.value) in (int, float):
                node = Literal(-node.value, mark.at)
            else:
                node = Call(f"{mark.text}_", None, (node,), mark.at)
        return node

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._is(".", ".?"):
                node = self._selected(node)
            elif self._is("[", "[?"):
                mark = self._take()
                key = self.expression()
                self._expect("]")
                node = Index(node, key, mark.at, is_optional=mark.text == "[?")
            elif self._is("{", "{?") and (name := _type_name(node)):
                node = self._message(name)
            else:
                return node

    def _selected(self, node: Node) -> Node:
        mark = self._take()
        field = self._take()
        if field.kind not in ("name", "quoted"):
            self._next -= field.kind != "end"
            raise self._unexpected("IDENTIFIER")
        if mark.text == ".?" or not self._is("("):
            return Select(node, field.text, mark.at, is_optional=mark.text == ".?")
        opening = self._take()
        return expand(field.text, node, self._arguments(")"), opening.at)

    def _arguments(self, end: str) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self._is(end):
            found.append(self.expression())
            if not self._accept(","):
                break
        self._expect(end)
        return tuple(found)

    def _primary(self) -> Node:
        token = self._take()
        if token.kind == "literal":
            return Literal(token.value, token.at)
        if token.kind == "name":
            return self._named(token)
        if token.kind == "op":
            if token.text == "(":
                node = self.expression()
                self._expect(")")
                return node
            if token.text in ("[", "[?"):
                return self._list(token)
            if token.text in ("{", "{?"):
                return self._map(token)
            if token.text == ".":
                return self._named(self._take())
        self._next -= token.kind != "end"
        raise self._unexpected(_OPERANDS)

    def _named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.at)
        if token.text in _RESERVED:
            raise CelSyntaxError(token.at, f"reserved identifier: {token.text}")
        if self._is("("):
            opening = self._take()
            return expand(token.text, None, self._arguments(")"), opening.at)
        return Ident(token.text, token.at)

    def _list(self, opening: Token) -> Node:
        items: list[tuple[Node, bool]] = []
        optional = opening.text == "[?"
        while optional or not self._is("]"):
            optional = optional or self._accept("?") is not None
            items.append((self.expression(), optional))
            optional = False
            if not self._accept(","):
                break
        self._expect("]")
        return ListOf(tuple(items), opening.at)

    def _map(self, opening: Token) -> Node:
        entries: list[tuple[Node, Node, bool]] = []
        optional = opening.text == "{?"
        while optional or not self._is("}"):
            optional = optional or self._accept("?") is not None
            key = self.expression()
            self._expect(":")
            entries.append((key, self.expression(), optional))
            optional = False
            if not self._accept(","):
                break
        self._expect("}")
        return MapOf(tuple(entries), opening.at)

    def _message(self, name: str) -> Node:
        opening = self._take()
        fields: list[tuple[str, Node, bool]] = []
        optional = opening.text == "{?"
        while optional or not self._is("}"):
            optional = optional or self._accept("?") is not None
            field = self._take()
            self._expect(":")
            fields.append((field.text, self.expression(), optional))
            optional = False
            if not self._accept(","):
                break
        self._expect("}")
        return Message(name, tuple(fields), opening.at)


def _type_name(node: Node) -> str:
    """`Object.spec` of such a chain of names, nothing for all that cannot be a type."""
    parts: list[str] = []
    while isinstance(node, Select) and not node.is_optional:
        parts.append(node.field)
        node = node.operand
    if not isinstance(node, Ident) or not node.name[:1].isupper():
        return ""
    return ".".join((node.name, *reversed(parts)))
