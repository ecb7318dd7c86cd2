"""Rules of what a webhook or policy is called for."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from msgspec.structs import replace

from apiserver.strategies import expressions
from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.rules import one_of
from knarr.api import names
from knarr.api.admissionregistration.matching import (
    MatchCondition,
    MatchResources,
    NamedRuleWithOperations,
    ParamKind,
    ParamRef,
    RuleWithOperations,
    Variable,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_many,
)
from knarr.api.meta.selector import LabelSelector

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
SCOPES = ("*", "Cluster", "Namespaced")
CONDITIONS_MAX = 64
NO_EXPRESSION = "expression is not specified"

R = TypeVar("R", RuleWithOperations, NamedRuleWithOperations)


class Rule(Protocol):
    """What the two kinds of rules share."""

    @property
    def operations(self) -> Sequence[str]:
        """What is done."""

    @property
    def api_groups(self) -> Sequence[str]:
        """Groups of what it is done to."""

    @property
    def api_versions(self) -> Sequence[str]:
        """Versions."""

    @property
    def resources(self) -> Sequence[str]:
        """Resources, with subresources after a slash."""

    @property
    def scope(self) -> str | None:
        """Whether within namespaces."""


def default_scope(rule: R) -> R:
    """A rule is about objects within namespaces and without."""
    return replace(rule, scope="*") if rule.scope is None else rule


def default_match(match: MatchResources) -> MatchResources:
    """Everything matches that is not left out."""
    return replace(
        match,
        match_policy="Equivalent" if match.match_policy is None else match.match_policy,
        namespace_selector=match.namespace_selector or LabelSelector(),
        object_selector=match.object_selector or LabelSelector(),
        resource_rules=tuple(map(default_scope, match.resource_rules)),
        exclude_resource_rules=tuple(map(default_scope, match.exclude_resource_rules)),
    )


def match_resources(match: MatchResources, path: str) -> Iterator[FieldError]:
    """Selectors and rules that can be read."""
    yield from one_of(match.match_policy, f"{path}.matchPolicy", ("Equivalent", "Exact"))
    yield from validate_label_selector(match.namespace_selector, f"{path}.namespaceSelector")
    yield from validate_label_selector(match.object_selector, f"{path}.objectSelector")
    for i, rule in enumerate(match.resource_rules):
        yield from _named_rule(rule, f"{path}.resourceRules[{i}]")
    for i, rule in enumerate(match.exclude_resource_rules):
        yield from _named_rule(rule, f"{path}.excludeResourceRules[{i}]")


def _named_rule(rule: NamedRuleWithOperations, path: str) -> Iterator[FieldError]:
    for i, name in enumerate(rule.resource_names):
        at = f"{path}.resourceNames[{i}]"
        if not name:
            yield required(at)
        yield from broken_names(at, name, names.path_segment(name))
        if name in rule.resource_names[:i]:
            yield duplicate(at, name)
    yield from rule_with_operations(rule, path)


def rule_with_operations(rule: Rule, path: str) -> Iterator[FieldError]:
    """Operations on resources, each list either a star or words."""
    yield from _words(rule.operations, f"{path}.operations", "operations")
    for i, operation in enumerate(rule.operations):
        if operation not in OPERATIONS:
            yield not_supported(f"{path}.operations[{i}]", operation, OPERATIONS)
    yield from _words(rule.api_groups, f"{path}.apiGroups", "API groups")
    yield from _words(rule.api_versions, f"{path}.apiVersions", "API versions")
    for i, version in enumerate(rule.api_versions):
        if not version:
            yield required(f"{path}.apiVersions[{i}]")
    yield from _resources(rule.resources, f"{path}.resources")
    yield from one_of(rule.scope, f"{path}.scope", SCOPES)


def _words(words: Sequence[str], path: str, what: str) -> Iterator[FieldError]:
    if not words:
        yield required(path)
    if len(words) > 1 and "*" in words:
        yield invalid(path, words, f"if '*' is present, must not specify other {what}")


def _resources(resources: Sequence[str], path: str) -> Iterator[FieldError]:
    if not resources:
        yield required(path)
    for i, each in enumerate(resources):
        if not each:
            yield required(f"{path}[{i}]")
            continue
        resource, slash, sub = each.partition("/")
        before = resources[:i]
        if slash and f"{resource}/*" in before:
            yield invalid(
                f"{path}[{i}]", each, f"if '{resource}/*' is present, must not specify {each}"
            )
        if slash and f"*/{sub}" in before:
            yield invalid(f"{path}[{i}]", each, f"if '*/{sub}' is present, must not specify {each}")
    if len(resources) > 1 and "*/*" in resources:
        yield invalid(path, resources, "if '*/*' is present, must not specify other resources")
    if "*" in resources and any(each and "/" not in each and each != "*" for each in resources):
        yield invalid(
            path,
            resources,
            "if '*' is present, must not specify other resources without subresources",
        )


def match_conditions(conditions: Sequence[MatchCondition], path: str) -> Iterator[FieldError]:
    """Few conditions with names of their own."""
    if len(conditions) > CONDITIONS_MAX:
        yield too_many(path, len(conditions), CONDITIONS_MAX)
    seen: set[str] = set()
    for i, each in enumerate(conditions):
        at = f"{path}[{i}]"
        if not each.expression.strip():
            yield required(f"{at}.expression")
        else:
            told = expressions.complaint(each.expression, result="bool")
            yield from broken_names(f"{at}.expression", each.expression, told)
        if not each.name:
            yield required(f"{at}.name")
        yield from broken_names(
            f"{at}.name", each.name, names.qualified_name(each.name) if each.name else ()
        )
        if each.name and each.name in seen:
            yield duplicate(f"{at}.name", each.name)
        seen.add(each.name)


def param_kind(kind: ParamKind, path: str) -> Iterator[FieldError]:
    """The kind of a policy's parameters."""
    version = kind.api_version
    if not version:
        yield required(f"{path}.apiVersion")
    elif version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    if not kind.kind:
        yield required(f"{path}.kind")
    else:
        for told in names.dns_label_1035(kind.kind.lower()):
            yield invalid(
                f"{path}.kind",
                kind.kind,
                f"may have mixed case, but should otherwise match: {told}",
            )


def param_ref(reference: ParamRef | None, path: str) -> Iterator[FieldError]:
    """The parameters a binding uses, by name or by labels."""
    if reference is None:
        return
    if reference.name:
        yield from broken_names(f"{path}.name", reference.name, names.path_segment(reference.name))
        if reference.selector is not None:
            yield forbidden(f"{path}.name", "name and selector are mutually exclusive")
    if reference.selector is not None:
        yield from validate_label_selector(reference.selector, f"{path}.selector")
        if reference.name:
            yield forbidden(f"{path}.selector", "name and selector are mutually exclusive")
    elif not reference.name:
        yield required(path, "one of name or selector must be specified")
    yield from _missing(reference.parameter_not_found_action, f"{path}.parameterNotFoundAction")


def _missing(action: str | None, path: str) -> Iterator[FieldError]:
    if not action:
        yield required(path)
    elif action not in ("Allow", "Deny"):
        yield not_supported(path, action, ("Allow", "Deny"))


def variables(given: Sequence[Variable], path: str, *, has_params: bool) -> Iterator[FieldError]:
    """Names for expressions; each may use those before it."""
    for i, each in enumerate(given):
        at = f"{path}[{i}]"
        if not each.name:
            yield required(f"{at}.name", "name is not specified")
        elif not expressions.is_identifier(each.name):
            yield invalid(f"{at}.name", each.name, "must be a valid CEL identifier")
        if not each.expression.strip():
            yield required(f"{at}.expression", NO_EXPRESSION)
            continue
        known = [other.name for other in given[:i]]
        told = expressions.complaint(each.expression, has_params=has_params, variables=known)
        yield from broken_names(f"{at}.expression", each.expression, told)
