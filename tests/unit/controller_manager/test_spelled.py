"""How selectors look in messages."""

import pytest

from controller_manager.spelled import spelled
from knarr.api.meta.selector import LabelSelector, LabelSelectorRequirement

EVERY = LabelSelectorRequirement(key="k", operator="In", values=("a", "b"))


@pytest.mark.parametrize(
    ("selector", "text"),
    [
        pytest.param(None, "nil", id="none"),
        pytest.param(
            LabelSelector(match_labels={"b": "2", "a": "1"}, match_expressions=(EVERY,)),
            "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},"
            "MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{"
            "Key:k,Operator:In,Values:[a b],},},}",
            id="labels and expressions",
        ),
    ],
)
def test_spelled(selector: LabelSelector | None, text: str) -> None:
    assert spelled(selector) == text
