"""Rules of a Job's spec, also where it stands within a CronJob."""

from collections.abc import Iterator

from apiserver.strategies.apps.template import MISMATCH
from apiserver.strategies.batch.failure_policy import failure_policy, success_policy
from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.pod_spec.template import validate_pod_template
from apiserver.strategies.rules import domain_prefixed_path, labels_or_null, not_negative
from knarr.api import selectors
from knarr.api.batch.job import JobSpec
from knarr.api.field_errors import (
    FieldError,
    invalid,
    not_supported,
    required,
    too_long,
)

PARALLELISM_MAX = 100_000
"""Most pods of an indexed Job at once, so that its lists of indexes stay short."""
FAILED_INDEXES_MAX = 100_000
COMPLETIONS_SOFT_MAX = 100_000
PARALLELISM_PER_INDEX_MAX = 10_000
FAILED_INDEXES_PER_INDEX_MAX = 10_000
MANAGED_BY_BYTES_MAX = 63
INDEXED = "Indexed"
NEEDS_INDEXED = "requires indexed completion mode"


def with_selector(spec: JobSpec, path: str) -> Iterator[FieldError]:
    """The spec and the selector, which has to match the template."""
    yield from without_selector(spec, path)
    if spec.selector is None:
        yield required(f"{path}.selector")
    broken = list(validate_label_selector(spec.selector, f"{path}.selector"))
    yield from broken
    labels = spec.template.metadata.labels
    if not broken and not selectors.from_object(spec.selector).matches(labels):
        yield invalid(
            f"{path}.template.metadata.labels", labels_or_null(spec.template.metadata), MISMATCH
        )


def without_selector(spec: JobSpec, path: str) -> Iterator[FieldError]:
    """All of the spec but the selector."""
    for value, name in (
        (spec.parallelism, "parallelism"),
        (spec.completions, "completions"),
        (spec.active_deadline_seconds, "activeDeadlineSeconds"),
        (spec.backoff_limit, "backoffLimit"),
        (spec.ttl_seconds_after_finished, "ttlSecondsAfterFinished"),
        (spec.backoff_limit_per_index, "backoffLimitPerIndex"),
        (spec.max_failed_indexes, "maxFailedIndexes"),
    ):
        yield from not_negative(value, f"{path}.{name}")
    if spec.max_failed_indexes is not None and spec.backoff_limit_per_index is None:
        yield required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    if spec.managed_by is not None:
        yield from _managed_by(spec.managed_by, f"{path}.managedBy")
    yield from _completion_mode(spec, path)
    yield from failure_policy(spec, f"{path}.podFailurePolicy")
    yield from success_policy(spec, f"{path}.successPolicy")
    yield from _replacement(spec, f"{path}.podReplacementPolicy")
    yield from validate_pod_template(spec.template, f"{path}.template")
    yield from _restart_policy(spec, f"{path}.template.spec.restartPolicy")


def _managed_by(value: str, path: str) -> Iterator[FieldError]:
    yield from domain_prefixed_path(value, path)
    if len(value) > MANAGED_BY_BYTES_MAX:
        yield too_long(path, MANAGED_BY_BYTES_MAX)


def _completion_mode(spec: JobSpec, path: str) -> Iterator[FieldError]:
    mode = spec.completion_mode
    if mode not in (None, "NonIndexed", INDEXED):
        yield not_supported(f"{path}.completionMode", mode, ("NonIndexed", INDEXED), in_order=True)
    if mode == INDEXED:
        yield from _indexed(spec, path)
    if mode in (None, "NonIndexed"):
        for value, name in (
            (spec.backoff_limit_per_index, "backoffLimitPerIndex"),
            (spec.max_failed_indexes, "maxFailedIndexes"),
        ):
            if value is not None:
                yield invalid(f"{path}.{name}", value, NEEDS_INDEXED)


def _indexed(spec: JobSpec, path: str) -> Iterator[FieldError]:
    parallelism, completions = spec.parallelism, spec.completions
    failed_max = spec.max_failed_indexes
    if completions is None:
        yield required(f"{path}.completions", "when completion mode is Indexed")
    if parallelism is not None and parallelism > PARALLELISM_MAX:
        yield invalid(
            f"{path}.parallelism",
            parallelism,
            f"must be less than or equal to {PARALLELISM_MAX} when completion mode is Indexed",
        )
    if failed_max is not None and completions is not None and failed_max > completions:
        yield invalid(
            f"{path}.maxFailedIndexes", failed_max, "must be less than or equal to completions"
        )
    if failed_max is not None and failed_max > FAILED_INDEXES_MAX:
        yield invalid(
            f"{path}.maxFailedIndexes",
            failed_max,
            f"must be less than or equal to {FAILED_INDEXES_MAX}",
        )
    if (
        completions is not None
        and completions > COMPLETIONS_SOFT_MAX
        and spec.backoff_limit_per_index is not None
    ):
        yield from _many_completions(spec, path)


def _many_completions(spec: JobSpec, path: str) -> Iterator[FieldError]:
    if spec.max_failed_indexes is None:
        yield required(
            f"{path}.maxFailedIndexes",
            f"must be specified when completions is above {COMPLETIONS_SOFT_MAX}",
        )
    for value, name, limit in (
        (spec.parallelism, "parallelism", PARALLELISM_PER_INDEX_MAX),
        (spec.max_failed_indexes, "maxFailedIndexes", FAILED_INDEXES_PER_INDEX_MAX),
    ):
        if value is not None and value > limit:
            yield invalid(
                f"{path}.{name}",
                value,
                f"must be less than or equal to {limit} when completions are above "
                f"{COMPLETIONS_SOFT_MAX} and used with backoff limit per index",
            )


def _replacement(spec: JobSpec, path: str) -> Iterator[FieldError]:
    policy = spec.pod_replacement_policy
    known = (
        ("Failed",) if spec.pod_failure_policy is not None else ("Failed", "TerminatingOrFailed")
    )
    if policy is not None and policy not in known:
        yield not_supported(path, policy, known, in_order=True)


def _restart_policy(spec: JobSpec, path: str) -> Iterator[FieldError]:
    policy = spec.template.spec.restart_policy
    if policy in ("Always", ""):
        yield required(path, 'valid values: "OnFailure", "Never"')
    elif policy not in ("OnFailure", "Never"):
        yield not_supported(path, policy, ("OnFailure", "Never"), in_order=True)
    elif spec.pod_failure_policy is not None and policy != "Never":
        yield invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')
