"""Rules of a FlowSchema."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.field_errors import (
    FieldError,
    Told,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.flowcontrol.flow_schema import (
    FlowSchema,
    FlowSchemaSpec,
    NonResourcePolicyRule,
    PolicyRulesWithSubjects,
    ResourcePolicyRule,
    Subject,
)
from knarr.api.printing.cluster import flow_schema_row

PRECEDENCE_DEFAULT = 1000
PRECEDENCE_MAX = 10_000
EXEMPT = "exempt"


class FlowSchemaRules(Strategy[FlowSchema]):
    """What holds for a FlowSchema."""

    def default(self, obj: FlowSchema) -> FlowSchema:
        """Schemas come after those of the system."""
        if obj.spec.matching_precedence:
            return obj
        spec = replace(obj.spec, matching_precedence=PRECEDENCE_DEFAULT)
        return replace(obj, spec=spec)

    def validate(self, obj: FlowSchema) -> Iterable[FieldError]:
        """Its place, its level and whom it is about."""
        yield from _spec(obj.spec, obj.metadata.name, "spec")

    def row(self, obj: FlowSchema, now: datetime) -> Sequence[Any]:
        """Name, level, precedence, distinguisher, age, whether the level is missing."""
        return flow_schema_row(obj, now)


def _spec(spec: FlowSchemaSpec, name: str, path: str) -> Iterator[FieldError]:
    precedence = spec.matching_precedence
    if precedence <= 0:
        yield invalid(f"{path}.matchingPrecedence", precedence, "must be a positive value")
    if precedence > PRECEDENCE_MAX:
        yield invalid(
            f"{path}.matchingPrecedence", precedence, f"must not be greater than {PRECEDENCE_MAX}"
        )
    if precedence == 1 and name != EXEMPT:
        yield invalid(
            f"{path}.matchingPrecedence",
            precedence,
            "only the schema named 'exempt' may have matchingPrecedence 1",
        )
    method = spec.distinguisher_method
    if method is not None and method.type not in ("ByNamespace", "ByUser"):
        yield not_supported(
            f"{path}.distinguisherMethod.type", Told(Type=method.type), ("ByNamespace", "ByUser")
        )
    level = spec.priority_level_configuration.name
    if not level:
        yield required(f"{path}.priorityLevelConfiguration.name", "must reference a priority level")
    else:
        yield from broken_names(
            f"{path}.priorityLevelConfiguration.name", level, names.dns_subdomain(level)
        )
    for i, rule in enumerate(spec.rules):
        yield from _rule(rule, f"{path}.rules[{i}]")


def _rule(rule: PolicyRulesWithSubjects, path: str) -> Iterator[FieldError]:
    if not rule.subjects:
        yield required(f"{path}.subjects", "subjects must contain at least one value")
    for i, subject in enumerate(rule.subjects):
        yield from _subject(subject, f"{path}.subjects[{i}]")
    if not rule.resource_rules and not rule.non_resource_rules:
        yield required(
            path, "at least one of resourceRules and nonResourceRules has to be non-empty"
        )
    for i, each in enumerate(rule.resource_rules):
        yield from _resource(each, f"{path}.resourceRules[{i}]")
    for i, other in enumerate(rule.non_resource_rules):
        yield from _non_resource(other, f"{path}.nonResourceRules[{i}]")


def _subject(subject: Subject, path: str) -> Iterator[FieldError]:
    kinds = {
        "Group": ("group", subject.group),
        "ServiceAccount": ("serviceAccount", subject.service_account),
        "User": ("user", subject.user),
    }
    if subject.kind not in kinds:
        yield not_supported(f"{path}.kind", subject.kind, kinds)
        return
    for kind, (name, given) in kinds.items():
        if kind == subject.kind and given is None:
            yield required(f"{path}.{name}", f"{name} is required when subject kind is '{kind}'")
        elif kind == subject.kind and given is not None and not given.name:
            yield required(f"{path}.{name}.name")
        elif kind != subject.kind and given is not None:
            yield forbidden(
                f"{path}.{name}", f"{name} is forbidden when subject kind is not '{kind}'"
            )
    account = subject.service_account
    if subject.kind == "ServiceAccount" and account is not None and not account.namespace:
        yield required(
            f"{path}.serviceAccount.namespace", "must specify namespace for service account"
        )


def _words(words: Sequence[str], path: str, *, missing: str, what: str) -> Iterator[FieldError]:
    if not words:
        yield required(path, missing)
    elif len(words) > 1 and "*" in words:
        yield invalid(path, words, f"if '*' is present, must not specify other {what}")


def _resource(rule: ResourcePolicyRule, path: str) -> Iterator[FieldError]:
    yield from _words(
        rule.verbs, f"{path}.verbs", missing="verbs must contain at least one value", what="verbs"
    )
    yield from _words(
        rule.api_groups,
        f"{path}.apiGroups",
        missing="resource rules must supply at least one api group",
        what="api groups",
    )
    yield from _words(
        rule.resources,
        f"{path}.resources",
        missing="resource rules must supply at least one resource",
        what="resources",
    )
    if not rule.namespaces and not rule.cluster_scope:
        yield required(
            f"{path}.namespaces",
            "resource rules that are not cluster scoped must supply at least one namespace",
        )
    elif len(rule.namespaces) > 1 and "*" in rule.namespaces:
        yield invalid(
            f"{path}.namespaces",
            rule.namespaces,
            "if '*' is present, must not specify other namespaces",
        )


def _non_resource(rule: NonResourcePolicyRule, path: str) -> Iterator[FieldError]:
    yield from _words(
        rule.verbs, f"{path}.verbs", missing="verbs must contain at least one value", what="verbs"
    )
    yield from _words(
        rule.non_resource_urls,
        f"{path}.nonResourceURLs",
        missing="nonResourceURLs must contain at least one value",
        what="non-resource URLs",
    )
