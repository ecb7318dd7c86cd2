"""Rules of what roles allow and of whom bindings name."""

from collections.abc import Iterator, Sequence

from knarr.api import names
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    invalid,
    not_supported,
    required,
)
from knarr.api.rbac.rules import PolicyRule, RoleRef, Subject

GROUP = "rbac.authorization.k8s.io"


def policy_rule(rule: PolicyRule, path: str, *, namespaced: bool) -> Iterator[FieldError]:
    """A rule is of resources or of other URLs, and allows some verbs."""
    if not rule.verbs:
        yield required(f"{path}.verbs", "verbs must contain at least one value")
    if rule.non_resource_urls:
        yield from _non_resource(rule, f"{path}.nonResourceURLs", namespaced=namespaced)
        return
    if not rule.api_groups:
        yield required(f"{path}.apiGroups", "resource rules must supply at least one api group")
    if not rule.resources:
        yield required(f"{path}.resources", "resource rules must supply at least one resource")


def _non_resource(rule: PolicyRule, path: str, *, namespaced: bool) -> Iterator[FieldError]:
    if namespaced:
        yield invalid(
            path,
            rule.non_resource_urls,
            "namespaced rules cannot apply to non-resource URLs",
        )
    if rule.api_groups or rule.resources or rule.resource_names:
        yield invalid(
            path,
            rule.non_resource_urls,
            "rules cannot apply to both regular resources and non-resource URLs",
        )


def role_ref(reference: RoleRef, path: str, *, kinds: Sequence[str]) -> Iterator[FieldError]:
    """The role that a binding gives."""
    if reference.api_group != GROUP:
        yield not_supported(f"{path}.apiGroup", reference.api_group, [GROUP])
    if reference.kind not in kinds:
        yield not_supported(f"{path}.kind", reference.kind, kinds)
    if not reference.name:
        yield required(f"{path}.name")
    else:
        yield from broken_names(f"{path}.name", reference.name, names.path_segment(reference.name))


def subject(given: Subject, path: str, *, namespaced: bool) -> Iterator[FieldError]:
    """Whom a binding names."""
    if not given.name:
        yield required(f"{path}.name")
    match given.kind:
        case "ServiceAccount":
            if given.name:
                yield from broken_names(f"{path}.name", given.name, names.dns_subdomain(given.name))
            if given.api_group:
                yield not_supported(f"{path}.apiGroup", given.api_group, [""])
            if not namespaced and not given.namespace:
                yield required(f"{path}.namespace")
        case "User" | "Group":
            if given.api_group != GROUP:
                yield not_supported(f"{path}.apiGroup", given.api_group, [GROUP])
        case _:
            yield not_supported(f"{path}.kind", given.kind, ("ServiceAccount", "User", "Group"))


def default_subject(given: Subject) -> Subject:
    """Users and groups are of RBAC's own group, service accounts of none."""
    if given.api_group or given.kind not in ("User", "Group"):
        return given
    return Subject(api_group=GROUP, kind=given.kind, name=given.name, namespace=given.namespace)


def default_role_ref(reference: RoleRef) -> RoleRef:
    """Roles are of RBAC's own group."""
    if reference.api_group:
        return reference
    return RoleRef(api_group=GROUP, kind=reference.kind, name=reference.name)
