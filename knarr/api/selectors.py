"""Label selectors and field selectors: their text, their errors, their matching.

A label selector's text is `app=web,tier in (a,b),!old,size>3`; a field
selector's is `metadata.name=web,status.phase!=Running`. Parsing words its
errors as Kubernetes does. A selector is compiled when it is made and may be
asked millions of times.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal

from msgspec import Struct

from knarr.api import names
from knarr.api.field_errors import FieldError, invalid
from knarr.api.meta.selector import LabelSelector

Operator = Literal["=", "==", "!=", "in", "notin", "exists", "!", "gt", "lt"]

_REMEMBERED_MAX = 1024
"""Parsed texts kept at hand; informers and controllers ask for the same few."""
_BINARY = ("in", "notin", "=", "==", "!=", "gt", "lt")
_OPERATORS: Mapping[str, Operator] = {
    "=": "=",
    "==": "==",
    "!=": "!=",
    "in": "in",
    "notin": "notin",
    ">": "gt",
    "<": "lt",
}
_FROM_OBJECT: Mapping[str, Operator] = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
}
_TOKEN = re.compile(r"[ \t\r\n]*(==|!=|[=!(),<>]|[^=!(),<> \t\r\n]+)?")
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)


class SelectorError(ValueError):
    """The text is no selector; the message says why in Kubernetes' words."""


class Requirement(Struct, frozen=True):
    """One condition on one label."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As it stands in a selector's text."""
        match self.operator:
            case "exists":
                return self.key
            case "!":
                return f"!{self.key}"
            case "in" | "notin":
                return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"
            case "gt" | "lt":
                return f"{self.key}{'>' if self.operator == 'gt' else '<'}{self.values[0]}"
        return f"{self.key}{self.operator}{self.values[0]}"


class Selector:
    """Requirements that must all hold, compiled."""

    __slots__ = ("_equal", "_tests", "is_nothing", "requirements")

    def __init__(self, requirements: Iterable[Requirement], *, is_nothing: bool = False) -> None:
        self.requirements = tuple(sorted(requirements, key=lambda each: each.key))
        self.is_nothing = is_nothing
        equal, tests = [], []
        for requirement in self.requirements:
            if len(requirement.values) == 1 and requirement.operator in ("=", "==", "in"):
                equal.append((requirement.key, requirement.values[0]))
            else:
                tests.append(_test(requirement))
        self._equal = tuple(equal)
        self._tests = tuple(tests)

    @property
    def is_everything(self) -> bool:
        """Whether it selects whatever there is."""
        return not self.requirements and not self.is_nothing

    @property
    def exact(self) -> tuple[tuple[str, str], ...]:
        """The labels that must have exactly these values, for looking up in an index."""
        return self._equal

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet every requirement."""
        for key, value in self._equal:
            if labels.get(key) != value:
                return False
        for test in self._tests:
            if not test(labels):
                return False
        return not self.is_nothing

    def __str__(self) -> str:
        """The selector's text, requirements in the order of their keys."""
        return ",".join(map(str, self.requirements))

    def __repr__(self) -> str:
        """For failed tests."""
        return f"Selector({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Equal when the requirements are."""
        return (
            isinstance(other, Selector)
            and self.requirements == other.requirements
            and self.is_nothing == other.is_nothing
        )

    def __hash__(self) -> int:
        """Goes with equality."""
        return hash((self.requirements, self.is_nothing))


EVERYTHING = Selector(())
"""Selects whatever there is."""
NOTHING = Selector((), is_nothing=True)
"""Selects nothing at all."""


def _test(requirement: Requirement) -> Callable[[Mapping[str, str]], bool]:
    key, values = requirement.key, frozenset(requirement.values)
    match requirement.operator:
        case "=" | "==" | "in":
            return lambda labels: key in labels and labels[key] in values
        case "!=" | "notin":
            return lambda labels: key not in labels or labels[key] not in values
        case "exists":
            return lambda labels: key in labels
        case "!":
            return lambda labels: key not in labels
        case "gt":
            bound = int(requirement.values[0])
            return lambda labels: (
                (number := _integer(labels.get(key))) is not None and (number > bound)
            )
    bound = int(requirement.values[0])
    return lambda labels: (number := _integer(labels.get(key))) is not None and number < bound


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and _INTEGER.fullmatch(text) else None


def matching(labels: Mapping[str, str]) -> Selector:
    """Select objects that have all these labels, such as a Service's selector."""
    return Selector(Requirement(key, "=", (value,)) for key, value in labels.items())


def from_object(selector: LabelSelector | None) -> Selector:
    """Compile a LabelSelector. None selects nothing, an empty one everything."""
    if selector is None:
        return NOTHING
    requirements = [Requirement(key, "=", (value,)) for key, value in selector.match_labels.items()]
    for expression in selector.match_expressions:
        operator = _FROM_OBJECT.get(expression.operator)
        if operator is None:
            raise SelectorError(f'"{expression.operator}" is not a valid label selector operator')
        requirements.append(_checked(expression.key, operator, tuple(expression.values)))
    return Selector(requirements)


def describe(selector: LabelSelector | None) -> str:
    """The text that tables and `describe` show for a LabelSelector."""
    try:
        text = str(from_object(selector))
    except SelectorError:
        return "<error>"
    return text or "<none>"


@lru_cache(_REMEMBERED_MAX)
def parse(text: str) -> Selector:
    """Read a label selector. Raise SelectorError."""
    return Selector(_Parser(text).requirements())


class _Parser:
    """Reads one label selector from left to right."""

    def __init__(self, text: str) -> None:
        self._tokens = [found[1] for found in _TOKEN.finditer(text) if found[1]]
        self._at = 0

    def requirements(self) -> Iterable[Requirement]:
        found = []
        while token := self._peek():
            if token != "!" and not _is_word(token):
                raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except SelectorError as error:
                raise SelectorError(f"unable to parse requirement: {error}") from error
            self._comma()
        return found

    def _comma(self) -> None:
        token = self._next()
        if not token:
            return
        if token != ",":
            raise SelectorError(f"found '{token}', expected: ',' or 'end of string'")
        after = self._peek()
        if after != "!" and not _is_word(after):
            raise SelectorError(f"found '{after}', expected: identifier after ','")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _requirement(self) -> Requirement:
        token = self._next()
        absent = token == "!"
        key = self._next() if absent else token
        if not _is_word(key):
            raise SelectorError(f"found '{key}', expected: identifier")
        if complaints := names.qualified_name(key):
            raise SelectorError(str(invalid("<nil>", key, "; ".join(complaints))))
        if absent:
            if self._peek() in ("", ","):
                return Requirement(key, "!")
        elif self._peek() in ("", ","):
            return Requirement(key, "exists")
        token = self._next()
        operator = _OPERATORS.get(token)
        if operator is None:
            raise SelectorError(f"found '{token}', expected: {', '.join(_BINARY)}")
        values = self._values() if operator in ("in", "notin") else self._value()
        return _checked(key, operator, values)

    def _value(self) -> tuple[str, ...]:
        if self._peek() in ("", ","):
            return ("",)
        token = self._next()
        if not _is_word(token):
            raise SelectorError(f"found '{token}', expected: identifier")
        return (token,)

    def _values(self) -> tuple[str, ...]:
        token = self._next()
        if token != "(":
            raise SelectorError(f"found '{token}' expected: '('")
        token = self._peek()
        if token == ")":
            self._next()
            return ("",)
        if token != "," and not _is_word(token):
            raise SelectorError(f"found '{token}', expected: ',', ')' or identifier")
        values = self._words()
        self._next()
        return tuple(sorted(values))

    def _words(self) -> set[str]:
        values: set[str] = set()
        while True:
            token = self._next()
            if _is_word(token):
                values.add(token)
                after = self._peek()
                if after not in (",", ")"):
                    raise SelectorError(f"found '{after}', expected: ',' or ')'")
            elif token == ",":
                self._empty_words(values)
            else:
                raise SelectorError(f"found '{token}', expected: ',', or identifier")
            if self._peek() == ")":
                return values

    def _empty_words(self, values: set[str]) -> None:
        # Nothing before, between or after commas is a word of no letters.
        if not values or self._peek() in (",", ")"):
            values.add("")
        if self._peek() == ",":
            self._next()


def _is_word(token: str) -> bool:
    return bool(token) and token[0] not in "=!(),<>"


def _checked(key: str, operator: Operator, values: tuple[str, ...]) -> Requirement:
    errors = list(_complaints(key, operator, values))
    if errors:
        told = [str(error) for error in errors]
        raise SelectorError(told[0] if len(told) == 1 else f"[{', '.join(told)}]")
    return Requirement(key, operator, values)


def _complaints(key: str, operator: Operator, values: Sequence[str]) -> Iterable[FieldError]:
    if words := names.qualified_name(key):
        yield invalid("key", key, "; ".join(words))
    if operator in ("in", "notin") and not values:
        yield invalid(
            "values", list(values), "for 'in', 'notin' operators, values set can't be empty"
        )
    if operator in ("exists", "!") and values:
        yield invalid(
            "values", list(values), "values set must be empty for exists and does not exist"
        )
    for index, value in enumerate(values):
        if operator in ("gt", "lt") and _INTEGER.fullmatch(value) is None:
            yield invalid(
                f"values[{index}]", value, "for 'Gt', 'Lt' operators, the value must be an integer"
            )
    for index, value in enumerate(values):
        if words := names.label_value(value):
            yield invalid(f"values[{index}][{key}]", value, "; ".join(words))


class FieldRequirement(Struct, frozen=True):
    """One condition on one field."""

    field: str
    is_equal: bool
    value: str

    def __str__(self) -> str:
        """As it stands in a selector's text."""
        escaped = self.value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
        return f"{self.field}{'=' if self.is_equal else '!='}{escaped}"


class FieldSelector:
    """Requirements on fields that must all hold."""

    __slots__ = ("requirements",)

    def __init__(self, requirements: Iterable[FieldRequirement] = ()) -> None:
        self.requirements = tuple(requirements)

    @property
    def is_everything(self) -> bool:
        """Whether it selects whatever there is."""
        return not self.requirements

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether the fields meet every requirement; what is not there counts as empty."""
        for requirement in self.requirements:
            if (fields.get(requirement.field, "") == requirement.value) != requirement.is_equal:
                return False
        return True

    def exact(self, field: str) -> str | None:
        """The one value this field must have, None when several will do."""
        for requirement in self.requirements:
            if requirement.is_equal and requirement.field == field:
                return requirement.value
        return None

    def __str__(self) -> str:
        """The selector's text."""
        return ",".join(map(str, self.requirements))


ANY_FIELDS = FieldSelector()
"""Selects whatever there is."""

_TERM = re.compile(r"((?:[^\\=!]|\\.|!(?!=))*?)(!=|==|=)(.*)", re.DOTALL)


@lru_cache(_REMEMBERED_MAX)
def parse_fields(text: str) -> FieldSelector:
    """Read a field selector. Raise SelectorError."""
    requirements = []
    for term in _terms(text):
        found = _TERM.fullmatch(term)
        if found is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{term}'")
        field, operator, value = found.groups()
        requirements.append(FieldRequirement(field, operator != "!=", _unescape(value)))
    return FieldSelector(requirements)


def _terms(text: str) -> Iterable[str]:
    terms, start, at = [], 0, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == ",":
            terms.append(text[start:at])
            start = at + 1
        at += 1
    terms.append(text[start:])
    return [term for term in terms if term]


def _unescape(value: str) -> str:
    if "\\" not in value and "," not in value and "=" not in value:
        return value
    plain, at = [], 0
    while at < len(value):
        character = value[at]
        if character == "\\":
            at += 1
            follower = value[at : at + 1]
            if follower not in ("\\", ",", "="):
                raise SelectorError(
                    f"invalid field selector: invalid escape sequence: \\{follower}"
                )
            plain.append(follower)
        elif character in ",=":
            raise SelectorError(
                f"invalid field selector: unescaped character in value: {character}"
            )
        else:
            plain.append(character)
        at += 1
    return "".join(plain)
