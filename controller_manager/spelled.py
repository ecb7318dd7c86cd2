"""How messages of controllers spell selectors."""

from knarr.api.meta.selector import LabelSelector, LabelSelectorRequirement


def spelled(selector: LabelSelector | None) -> str:
    """A selector as messages show it: field by field, `nil` where there is none."""
    if selector is None:
        return "nil"
    labels = "".join(f"{key}: {value}," for key, value in sorted(selector.match_labels.items()))
    expressions = "".join(map(_requirement, selector.match_expressions))
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def _requirement(one: LabelSelectorRequirement) -> str:
    values = " ".join(one.values)
    return f"LabelSelectorRequirement{{Key:{one.key},Operator:{one.operator},Values:[{values}],}},"
