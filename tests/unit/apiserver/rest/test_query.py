"""Query parameters and what is wrong with them."""

import pytest

from apiserver.rest import query
from knarr.api.errors import BadRequestError, InvalidError


def test_reads_list_options() -> None:
    options = query.list_options(
        {"limit": ["5"], "labelSelector": ["a=b"], "sendInitialEvents": ["false"]}
    )
    assert (options.limit, options.label_selector, options.send_initial_events) == (5, "a=b", False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "invalid syntax"),
        ("1.5", "invalid syntax"),
        ("9" * 30, "value out of range"),
        ("٣", "invalid syntax"),
    ],
)
def test_refuses_what_is_no_number(text: str, why: str) -> None:
    with pytest.raises(BadRequestError, match=why):
        query.list_options({"limit": [text]})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"dryRun": ["yes"]}, 'dryRun: Unsupported value: ["yes"]: supported values: "All"'),
        ({"fieldManager": ["x" * 129]}, "fieldManager: Too long: may not be more than 128 bytes"),
        ({"fieldManager": ["a\nb"]}, "invalid character U+000A (at position 1)"),
        ({"fieldValidation": ["Maybe"]}, 'supported values: "", "Ignore", "Strict", "Warn"'),
    ],
)
def test_names_what_is_wrong_with_a_write(given: dict[str, list[str]], words: str) -> None:
    with pytest.raises(InvalidError) as caught:
        query.check_options("CreateOptions", query.write_errors(given))
    assert words in caught.value.message


def test_apply_needs_a_manager() -> None:
    assert [error.field for error in query.patch_errors({}, is_apply=True)] == ["fieldManager"]
    assert [error.field for error in query.patch_errors({"force": [""]}, is_apply=False)] == [
        "force"
    ]


@pytest.mark.parametrize(
    ("agent", "manager"),
    [("kubectl/v1.36.0 (linux)", "kubectl"), ("", "unknown"), ("a\tb/1", "ab")],
)
def test_the_program_is_the_manager(agent: str, manager: str) -> None:
    assert query.field_manager({}, agent) == manager
