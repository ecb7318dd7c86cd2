"""What is the name of an image."""

import pytest

from kubelet.images import is_name


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("busybox", True),
        ("busybox:1.28", True),
        ("library/busybox", True),
        ("127.0.0.1:5000/a/b_c/d-e:v1.2-3", True),
        ("[::1]:5000/a", True),
        ("Registry.example.org/web@sha256:" + "a" * 64, True),
        ("web:1@sha256:" + "a" * 64, True),
        ("", False),
        ("Web", False),
        ("a//b", False),
        ("web:", False),
        ("web:.x", False),
        ("not a name", False),
        ("web@sha256:12", False),
    ],
)
def test_is_name(text: str, is_one: bool) -> None:
    assert is_name(text) == is_one
