"""The values of expressions, and what is said of those that have none."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.cel.errors import CelError, CelSyntaxError
from knarr.cel.frame import STEPS_MAX
from knarr.cel.names import escaped, unescaped
from knarr.cel.program import program
from knarr.cel.values import NONE, Optional

VARIABLES: dict[str, Any] = {
    "self": {"x": [{"n": 1}, {"n": 5}], "name": "web-0", "m": {"a": 1}, "big-name": 7},
    "old": Optional("before", is_there=True),
    "none": NONE,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("1 + 2 * 3 - 4 / 2", 5, id="products come before sums"),
        pytest.param("-7 / 2 == -3 && -7 % 2 == -1", True, id="division goes towards zero"),
        pytest.param("true || 1 / 0 == 1", True, id="a true side wins over an error"),
        pytest.param("1 / 0 == 1 && false", False, id="a false side wins over an error"),
        pytest.param("1 == 1.0 && 1u == 1", True, id="numbers are equal across types"),
        pytest.param("1 == true", False, id="a truth is no number"),
        pytest.param("self.x.exists(i, i.n > 4)", True, id="exists finds one"),
        pytest.param("self.x.all(i, i.n > 4)", False, id="all wants each"),
        pytest.param("self.x.map(i, i.n > 1, i.n * 2)", [10], id="map chooses and makes"),
        pytest.param("self.m.all(k, v, k == 'a' && v == 1)", True, id="loops know keys and values"),
        pytest.param("[3, 1, 2].sortBy(i, -i)", [3, 2, 1], id="sorting by what is made of items"),
        pytest.param("has(self.m.a) && !has(self.m.b)", True, id="has looks and does not fail"),
        pytest.param("self.?m.?b.orValue(9)", 9, id="optional fields have other values"),
        pytest.param("old.hasValue() ? old.value() : ''", "before", id="optional old values"),
        pytest.param("none.orValue('x')", "x", id="no old value"),
        pytest.param("[?self.?nope, 1]", [1], id="optional items are left out"),
        pytest.param("self.big__dash__name", 7, id="names with dashes are spelt"),
        pytest.param("cel.bind(a, 2, a * a)", 4, id="names for values"),
        pytest.param("Object{spec: Object.spec{a: 1}}", {"spec": {"a": 1}}, id="objects"),
        pytest.param("'%s %d %.1f'.format(['a', 2, 1.25])", "a 2 1.2", id="formatted texts"),
        pytest.param("'a,b,c'.split(',', 2)", ["a", "b,c"], id="splitting a few times"),
        pytest.param("quantity('1Gi').isGreaterThan(quantity('1G'))", True, id="quantities"),
        pytest.param("isIP('fd00::1') && !isIP('1.2.3')", True, id="addresses"),
        pytest.param("cidr('10.0.0.0/8').containsIP('10.9.0.1')", True, id="networks"),
        pytest.param("url('https://a:8/x?q=1').getPort()", "8", id="URLs"),
        pytest.param("semver('1.10.0').isGreaterThan(semver('1.9.0'))", True, id="versions"),
        pytest.param("duration('90m').getHours()", 1, id="spans"),
        pytest.param(
            "timestamp('2024-02-29T01:00:00Z') - duration('2h') <"
            " timestamp('2024-02-29T00:00:00Z')",
            True,
            id="times",
        ),
        pytest.param("self.name.matches('^web-[0-9]+$')", True, id="patterns"),
        pytest.param("format.dns1123Label().validate('A').hasValue()", True, id="formats"),
        pytest.param("b'\\xff'.size()", 1, id="bytes"),
    ],
)
def test_expressions_have_values(text: str, value: Any) -> None:
    assert program(text).evaluate(VARIABLES) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("self.nope", "no such key: nope"),
        ("self.x[7]", "index out of bounds: 7"),
        ("1 / 0", "division by zero"),
        ("1 + 'a'", "no such overload: _+_"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("missing", "no such attribute(s): missing"),
        ("self.name.nope()", "no such overload: nope"),
    ],
)
def test_what_cannot_be_evaluated_says_why(text: str, told: str) -> None:
    with pytest.raises(CelError) as raised:
        program(text).evaluate(VARIABLES)
    assert str(raised.value) == told


@pytest.mark.parametrize("text", ["1 +", "(1", "a b", "'open", "has(1)", "[1, 2", "(" * 500])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(CelSyntaxError):
        program(text)


def test_loops_have_a_limit() -> None:
    side = list(range(int(STEPS_MAX**0.5) + 10))
    with pytest.raises(CelError, match="cost limit exceeded"):
        program("l.all(a, l.all(b, true))").evaluate({"l": side})


@given(st.text(alphabet="abc_-./", min_size=1, max_size=12).filter(lambda t: not t[0].isdigit()))
def test_spelt_names_are_read_back(name: str) -> None:
    spelt = escaped(name)
    assert spelt is None or unescaped(spelt) == name


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        program(text).evaluate({})
    except (CelError, CelSyntaxError):
        return
