"""The words in which a broken rule is told."""

from typing import Any

import pytest

from knarr.api.field_errors import (
    OMITTED,
    FieldError,
    Told,
    duplicate,
    invalid,
    invalid_error,
    not_supported,
    required,
    too_long,
)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(required("spec.a"), "spec.a: Required value", id="nothing to add"),
        pytest.param(
            invalid("a", -1, "too small"), "a: Invalid value: -1: too small", id="a number"
        ),
        pytest.param(
            invalid("a", 'x\n"\x01é', "odd"),
            'a: Invalid value: "x\\n\\"\\x01é": odd',
            id="a text is quoted and what cannot be printed escaped",
        ),
        pytest.param(
            invalid("a", {"rule": "x > 1"}, "bad"),
            'a: Invalid value: {"rule":"x \\u003e 1"}: bad',
            id="a structure is JSON that is safe within HTML",
        ),
        pytest.param(
            invalid("a", {"b": 1, "a": 2}, "no"),
            'a: Invalid value: {"a":2,"b":1}: no',
            id="a map by alphabet",
        ),
        pytest.param(
            invalid("a", Told(Type="x", Rules=[Told(B=None, A=1)]), "no"),
            'a: Invalid value: {"Type":"x","Rules":[{"B":null,"A":1}]}: no',
            id="a structure in the order of its fields",
        ),
        pytest.param(invalid("a", OMITTED, "no"), "a: Invalid value: no", id="a value left out"),
        pytest.param(duplicate("a[1]", "x"), 'a[1]: Duplicate value: "x"', id="a duplicate"),
        pytest.param(
            not_supported("a", "x", ("c", "b")),
            'a: Unsupported value: "x": supported values: "b", "c"',
            id="known values by alphabet",
        ),
        pytest.param(
            not_supported("a", "x", ("c", "b"), in_order=True),
            'a: Unsupported value: "x": supported values: "c", "b"',
            id="known values as they stand",
        ),
        pytest.param(too_long("a", 1), "a: Too long: may not be more than 1 byte", id="one byte"),
    ],
)
def test_an_error_tells(error: FieldError, told: Any) -> None:
    assert str(error) == told


def test_what_two_rules_say_alike_stands_once_in_the_message() -> None:
    errors = [required("spec.a"), required("spec.a")]
    status = invalid_error("batch", "Job", "x", errors).to_status()
    assert status.message == 'Job.batch "x" is invalid: spec.a: Required value'
    assert status.details is not None
    assert len(status.details.causes) == 2
