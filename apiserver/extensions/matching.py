"""Which requests concern which webhook or policy."""

from collections.abc import Iterable
from typing import Any, Protocol

from apiserver.admission.admission import Attributes, View
from knarr.api import selectors
from knarr.api.core.namespace import Namespace
from knarr.api.kind import Kind
from knarr.api.kind_table import KindTable
from knarr.api.meta.selector import LabelSelector

_EXEMPT = frozenset(
    {
        ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
        ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"),
    }
)
"""What could lock everybody out if it were subject to itself."""


class Rule(Protocol):
    """What a webhook or policy is called for."""

    @property
    def api_groups(self) -> tuple[str, ...]:
        """Groups, or `*`."""
        ...

    @property
    def api_versions(self) -> tuple[str, ...]:
        """Versions, or `*`."""
        ...

    @property
    def operations(self) -> tuple[str, ...]:
        """Operations, or `*`."""
        ...

    @property
    def resources(self) -> tuple[str, ...]:
        """Resources and subresources: `pods`, `pods/*`, `*/status`."""
        ...

    @property
    def scope(self) -> str | None:
        """Cluster, Namespaced or `*`."""
        ...


def is_exempt(kind: Kind) -> bool:
    """Whether nothing looks at such objects."""
    return (kind.group, kind.plural) in _EXEMPT


def matched_kind(
    rules: Iterable[Any], attributes: Attributes, kinds: KindTable, policy: str | None
) -> Kind | None:
    """The kind under which a request concerns someone, None where it does not."""
    rules = tuple(rules)
    if any(_matches(rule, attributes, attributes.kind) for rule in rules):
        return attributes.kind
    if policy == "Exact":
        return None
    wanted = attributes.kind
    for kind in kinds:
        is_other = (kind.group, kind.plural) == (wanted.group, wanted.plural) and kind != wanted
        if is_other and any(_matches(rule, attributes, kind) for rule in rules):
            return kind
    return None


def _matches(rule: Any, attributes: Attributes, kind: Kind) -> bool:
    return (
        _has(rule.operations, attributes.operation)
        and _has(rule.api_groups, kind.group)
        and _has(rule.api_versions, kind.version)
        and _in_scope(rule.scope, attributes)
        and _is_resource(rule.resources, kind.plural, attributes.subresource)
        and _is_named(getattr(rule, "resource_names", ()), attributes.name)
    )


def _has(allowed: tuple[str, ...], word: str) -> bool:
    return "*" in allowed or word in allowed


def _is_named(allowed: tuple[str, ...], name: str) -> bool:
    return not allowed or name in allowed


def _in_scope(scope: str | None, attributes: Attributes) -> bool:
    if scope in (None, "", "*"):
        return True
    # Namespaces themselves count as cluster-wide.
    namespaced = attributes.kind.namespaced and attributes.kind.plural != "namespaces"
    return (scope == "Namespaced") == namespaced


def _is_resource(allowed: tuple[str, ...], plural: str, subresource: str) -> bool:
    for word in allowed:
        resource, _, part = word.partition("/")
        if word == "*/*" or (resource in ("*", plural) and part in ("*", subresource)):
            if word == "*" and subresource:
                continue
            return True
    return False


def labels_match(
    namespace_selector: LabelSelector | None,
    object_selector: LabelSelector | None,
    attributes: Attributes,
    view: View,
) -> bool:
    """Whether the labels of the namespace and of the object are those selected."""
    return _namespace_matches(namespace_selector, attributes, view) and _object_matches(
        object_selector, attributes
    )


def _namespace_matches(selector: LabelSelector | None, attributes: Attributes, view: View) -> bool:
    chosen = selectors.from_object(selector or LabelSelector())
    if chosen.is_everything:
        return True
    if attributes.kind.plural == "namespaces" and not attributes.kind.group:
        found = attributes.object if attributes.object is not None else attributes.old
        return chosen.matches(found.metadata.labels) if found is not None else True
    if not attributes.namespace:
        return True
    namespace: Namespace | None = view.get(Namespace, "", attributes.namespace)
    return namespace is not None and chosen.matches(namespace.metadata.labels)


def _object_matches(selector: LabelSelector | None, attributes: Attributes) -> bool:
    chosen = selectors.from_object(selector or LabelSelector())
    if chosen.is_everything:
        return True
    return any(
        obj is not None and hasattr(obj, "metadata") and chosen.matches(obj.metadata.labels)
        for obj in (attributes.object, attributes.old)
    )
