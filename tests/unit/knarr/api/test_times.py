"""Moments, spans and ages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.api import times


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("2024-05-01T12:00:00Z", "2024-05-01T12:00:00Z"),
        ("2024-05-01T12:00:00.999Z", "2024-05-01T12:00:00Z"),
        ("2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00Z"),
    ],
)
def test_normalise(text: str, normal: str) -> None:
    assert times.normalise(text) == normal


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "x",
            'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
        ),
        (
            "2024-05-01",
            'parsing time "2024-05-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"',
        ),
        ("2024-13-01T00:00:00Z", 'parsing time "2024-13-01T00:00:00Z": month out of range'),
    ],
)
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(ValueError, match="parsing time") as error:
        times.normalise(text)
    assert str(error.value) == words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.25, "250ms"), (90, "1m30s"), (5400, "1h30m0s"), (1.5, "1.5s")],
)
def test_spans(seconds: float, text: str) -> None:
    assert times.span(seconds) == text
    assert times.parse_span(text) == seconds


@given(st.integers(0, 10**9))
def test_spans_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000
    assert times.parse_span(times.span(seconds)) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1", "1x", "s", "1h x"])
def test_no_spans(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        times.parse_span(text)


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(-5, "<invalid>"), (0, "0s"), (119, "119s"), (200, "3m20s"), (600, "10m"), (11000, "3h3m")],
)
def test_ages(seconds: float, age: str) -> None:
    assert times.age(seconds) == age
