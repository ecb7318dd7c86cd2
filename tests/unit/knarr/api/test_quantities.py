"""Amounts: canonical spelling, sums, complaints."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.api import quantities


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("1000m", "1"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("1.5Gi", "1536Mi"),
        ("1024Ki", "1Mi"),
        ("1000000", "1M"),
        ("2e3", "2e3"),
        ("1E", "1E"),
        ("0.0000000001", "1n"),
        ("0.5Ki", "512"),
        ("-1Gi", "-1Gi"),
        ("+1", "+1"),
        ("01", "01"),
        ("+1000m", "1"),
        ("1E3", "1E3"),
        ("1.1Ki", "1126400m"),
        ("99999999999999999999", "9223372036854775807"),
    ],
)
def test_canonical(text: str, canonical: str) -> None:
    assert quantities.canonical(text) == canonical


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "quantities must match"),
        ("abc", "quantities must match"),
        ("1.5.5", "quantities must match"),
        ("1e", "unable to parse quantity's suffix"),
        ("1mm", "unable to parse quantity's suffix"),
    ],
)
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(quantities.QuantityError, match=words):
        quantities.canonical(text)


def test_rounding_goes_up() -> None:
    assert quantities.value("1500m") == 2
    assert quantities.milli("100u") == 1
    assert quantities.value("-1500m") == -1


numbers = st.integers(0, 10**6)
suffixes = st.sampled_from(["", "m", "k", "M", "G", "Ki", "Mi", "Gi", "u", "e3"])
texts = st.builds(lambda number, suffix: f"{number}{suffix}", numbers, suffixes)


@given(texts)
def test_canonical_means_the_same_and_is_its_own(text: str) -> None:
    canonical = quantities.canonical(text)
    assert quantities.compare(text, canonical) == 0
    assert quantities.canonical(canonical) == canonical


@given(texts, texts)
def test_sums_are_exact(left: str, right: str) -> None:
    total = Fraction(quantities.parse(left).nanos + quantities.parse(right).nanos)
    if quantities.parse(left).family != "binary" or total % 10**9 == 0:
        assert quantities.parse(quantities.add(left, right)).nanos == total
        assert quantities.compare(quantities.sub(quantities.add(left, right), right), left) == 0
