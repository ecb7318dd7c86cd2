"""Rules of webhooks, validating and mutating."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from apiserver.strategies.admissionregistration.client_config import client_config
from apiserver.strategies.admissionregistration.matching import (
    default_scope,
    match_conditions,
    rule_with_operations,
)
from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.rules import one_of
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.admissionregistration.matching import WebhookClientConfig
from knarr.api.admissionregistration.webhook_configuration import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
)
from knarr.api.meta.selector import LabelSelector
from knarr.api.printing.admissionregistration import webhook_configuration_row

Webhook = MutatingWebhook | ValidatingWebhook
H = TypeVar("H", MutatingWebhook, ValidatingWebhook)

TIMEOUT_S_DEFAULT = 10
TIMEOUT_S_MAX = 30
HTTPS_PORT = 443
SIDE_EFFECTS = ("None", "NoneOnDryRun")
REVIEWS = ("v1", "v1beta1")


class ValidatingWebhookConfigurationRules(Strategy[ValidatingWebhookConfiguration]):
    """What holds for a ValidatingWebhookConfiguration."""

    has_status = False
    generation_without_spec = True

    def default(self, obj: ValidatingWebhookConfiguration) -> ValidatingWebhookConfiguration:
        """Fill in policies, selectors, time-outs and ports."""
        return replace(obj, webhooks=tuple(map(_default, obj.webhooks)))

    def validate(self, obj: ValidatingWebhookConfiguration) -> Iterable[FieldError]:
        """Each webhook can be called and says when."""
        return _webhooks(obj.webhooks)

    def row(self, obj: ValidatingWebhookConfiguration, now: datetime) -> Sequence[Any]:
        """Name, webhooks, age."""
        return webhook_configuration_row(obj.metadata, len(obj.webhooks), now)


class MutatingWebhookConfigurationRules(Strategy[MutatingWebhookConfiguration]):
    """What holds for a MutatingWebhookConfiguration."""

    has_status = False
    generation_without_spec = True

    def default(self, obj: MutatingWebhookConfiguration) -> MutatingWebhookConfiguration:
        """Fill in policies, selectors, time-outs and ports."""
        webhooks = (
            replace(
                _default(each),
                reinvocation_policy=(
                    "Never" if each.reinvocation_policy is None else each.reinvocation_policy
                ),
            )
            for each in obj.webhooks
        )
        return replace(obj, webhooks=tuple(webhooks))

    def validate(self, obj: MutatingWebhookConfiguration) -> Iterable[FieldError]:
        """Each webhook can be called and says when."""
        return _webhooks(obj.webhooks)

    def row(self, obj: MutatingWebhookConfiguration, now: datetime) -> Sequence[Any]:
        """Name, webhooks, age."""
        return webhook_configuration_row(obj.metadata, len(obj.webhooks), now)


def _default(hook: H) -> H:
    policy, match = hook.failure_policy, hook.match_policy
    return replace(
        hook,
        client_config=_default_client(hook.client_config),
        failure_policy="Fail" if policy is None else policy,
        match_policy="Equivalent" if match is None else match,
        namespace_selector=hook.namespace_selector or LabelSelector(),
        object_selector=hook.object_selector or LabelSelector(),
        timeout_seconds=TIMEOUT_S_DEFAULT if hook.timeout_seconds is None else hook.timeout_seconds,
        rules=tuple(map(default_scope, hook.rules)),
    )


def _default_client(config: WebhookClientConfig) -> WebhookClientConfig:
    if config.service is None or config.service.port is not None:
        return config
    return replace(config, service=replace(config.service, port=HTTPS_PORT))


def _webhooks(webhooks: Sequence[Webhook]) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, hook in enumerate(webhooks):
        path = f"webhooks[{i}]"
        yield from _webhook(hook, path)
        yield from _versions(hook.admission_review_versions, f"{path}.admissionReviewVersions")
        if hook.name and hook.name in seen:
            yield duplicate(f"{path}.name", hook.name)
        seen.add(hook.name)


def _webhook(hook: Webhook, path: str) -> Iterator[FieldError]:
    yield from _name(hook.name, f"{path}.name")
    for i, rule in enumerate(hook.rules):
        yield from rule_with_operations(rule, f"{path}.rules[{i}]")
    yield from one_of(hook.failure_policy, f"{path}.failurePolicy", ("Fail", "Ignore"))
    yield from one_of(hook.match_policy, f"{path}.matchPolicy", ("Equivalent", "Exact"))
    if not hook.side_effects:
        yield required(f"{path}.sideEffects", f"must specify one of {', '.join(SIDE_EFFECTS)}")
    elif hook.side_effects not in SIDE_EFFECTS:
        yield not_supported(f"{path}.sideEffects", hook.side_effects, SIDE_EFFECTS)
    seconds = hook.timeout_seconds
    if seconds is not None and not 1 <= seconds <= TIMEOUT_S_MAX:
        yield invalid(
            f"{path}.timeoutSeconds",
            seconds,
            f"the timeout value must be between 1 and {TIMEOUT_S_MAX} seconds",
        )
    if isinstance(hook, MutatingWebhook):
        yield from one_of(
            hook.reinvocation_policy, f"{path}.reinvocationPolicy", ("IfNeeded", "Never")
        )
    yield from validate_label_selector(hook.namespace_selector, f"{path}.namespaceSelector")
    yield from validate_label_selector(hook.object_selector, f"{path}.objectSelector")
    yield from client_config(hook.client_config, f"{path}.clientConfig")
    yield from match_conditions(hook.match_conditions, f"{path}.matchConditions")


def _name(name: str, path: str) -> Iterator[FieldError]:
    if not name:
        yield required(path)
        return
    broken = names.dns_subdomain(name)
    if broken:
        yield invalid(path, name, ",".join(broken))
    elif name.count(".") < 2:
        yield invalid(
            path, name, "should be a domain with at least three segments separated by dots"
        )


def _versions(versions: Sequence[str], path: str) -> Iterator[FieldError]:
    if not versions:
        yield required(path, f"must specify one of {', '.join(REVIEWS)}")
        return
    for i, version in enumerate(versions):
        if version in versions[:i]:
            yield invalid(f"{path}[{i}]", version, "duplicate version")
        yield from broken_names(f"{path}[{i}]", version, names.dns_label_1035(version))
    if not any(version in REVIEWS for version in versions):
        yield invalid(path, versions, f"must include at least one of {', '.join(REVIEWS)}")
