"""Rules of a Job."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.batch.failure_policy import told_failure_policy, told_success_policy
from apiserver.strategies.batch.job_spec import INDEXED, with_selector
from apiserver.strategies.batch.job_status import job_status, job_status_change
from apiserver.strategies.pod_spec.template import default_pod_template, pod_template_warnings
from apiserver.strategies.rules import IMMUTABLE, immutable
from apiserver.strategies.strategy import Context, Strategy
from apiserver.strategies.workload_names import pod_name_warning
from knarr.api import names, selectors
from knarr.api.batch.job import Job, JobSpec, PodFailurePolicy, PodFailurePolicyRule
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.field_errors import FieldError, invalid, required
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.printing.batch import job_row

BACKOFF_LIMIT = 6
BACKOFF_LIMIT_PER_INDEX = 2**31 - 1
UID_LABEL = "batch.kubernetes.io/controller-uid"
NAME_LABEL = "batch.kubernetes.io/job-name"
OLD_UID_LABEL = "controller-uid"
OLD_NAME_LABEL = "job-name"


class JobRules(Strategy[Job]):
    """What holds for a Job."""

    def default(self, obj: Job) -> Job:
        """Fill in counts, modes, policies, the pod template and the Job's labels."""
        spec = _default_spec(obj.spec)
        meta = obj.metadata
        if not meta.labels:
            meta = replace(meta, labels=spec.template.metadata.labels)
        return replace(obj, metadata=meta, spec=spec)

    def prepare_for_create(self, obj: Job, context: Context) -> Job:
        """Make a selector of the Job's own unless the user brought one."""
        if obj.spec.manual_selector:
            return obj
        template = obj.spec.template
        labels = _generated_labels(template.metadata.labels, obj.metadata)
        meta = obj.metadata
        if meta.labels and meta.labels is template.metadata.labels:
            # The Job took its labels from the template, so it takes these too.
            meta = replace(meta, labels=labels)
        spec = replace(
            obj.spec,
            selector=_generated_selector(obj.spec.selector, obj.metadata.uid),
            template=replace(template, metadata=replace(template.metadata, labels=labels)),
        )
        return replace(obj, metadata=meta, spec=spec)

    def complete_new(self, obj: Job) -> Job:
        """A Job without labels has those of its template."""
        if obj.metadata.labels:
            return obj
        labels = obj.spec.template.metadata.labels
        return replace(obj, metadata=replace(obj.metadata, labels=labels))

    def validate(self, obj: Job) -> Iterable[FieldError]:
        """A Job's selector is its own, and its pods get names that hosts can have."""
        yield from _own_selector(obj)
        yield from with_selector(obj.spec, "spec")
        if obj.spec.completion_mode == INDEXED and (obj.spec.completions or 0) > 0:
            host = f"{obj.metadata.name}-{(obj.spec.completions or 0) - 1}"
            if names.dns_label(host):
                yield invalid(
                    "metadata.name",
                    obj.metadata.name,
                    f"will not able to create pod with invalid DNS label: {host}",
                )

    def validate_update(self, obj: Job, old: Job) -> Iterable[FieldError]:
        """How it counts and what it runs stays."""
        new, before = obj.spec, old.spec
        yield from with_selector(new, "spec")
        yield from _completions(new, before)
        yield from immutable(new.selector, before.selector, "spec.selector")
        allowed = _with_new_directives(new.template, old)
        yield from immutable(new.template.metadata, allowed.metadata, "spec.template.metadata")
        yield from immutable(new.template.spec, allowed.spec, "spec.template.spec")
        yield from immutable(new.completion_mode, before.completion_mode, "spec.completionMode")
        if new.pod_failure_policy != before.pod_failure_policy:
            yield invalid("spec.podFailurePolicy", told_failure_policy(new), IMMUTABLE)
        yield from immutable(
            new.backoff_limit_per_index,
            before.backoff_limit_per_index,
            "spec.backoffLimitPerIndex",
        )
        yield from immutable(new.managed_by, before.managed_by, "spec.managedBy")
        if new.success_policy != before.success_policy:
            yield invalid("spec.successPolicy", told_success_policy(new), IMMUTABLE)

    def validate_status_update(self, obj: Job, old: Job) -> Iterable[FieldError]:
        """Counts fit each other and what is over stays over."""
        yield from job_status(obj, "status")
        yield from job_status_change(obj, old, "status")

    def warnings(self, obj: Job, old: Job | None) -> Iterable[str]:
        """What is odd in the name and the pod template."""
        if old is None:
            yield from pod_name_warning(obj.metadata.name)
        yield from pod_template_warnings(
            obj.spec.template, "spec.template", old=old.spec.template if old else None
        )

    def fields(self, obj: Job) -> Mapping[str, str]:
        """Jobs can be found by how many pods succeeded."""
        return {"status.successful": str(obj.status.succeeded)}

    def row(self, obj: Job, now: datetime) -> Sequence[Any]:
        """Name, status, completions, duration, age and the template in short."""
        return job_row(obj, now)


def _default_spec(spec: JobSpec) -> JobSpec:
    parallelism, completions = spec.parallelism, spec.completions
    if parallelism is None:
        completions = 1 if completions is None else completions
        parallelism = 1
    limit = spec.backoff_limit
    if limit is None:
        limit = BACKOFF_LIMIT if spec.backoff_limit_per_index is None else BACKOFF_LIMIT_PER_INDEX
    replacement = "TerminatingOrFailed" if spec.pod_failure_policy is None else "Failed"
    return replace(
        spec,
        parallelism=parallelism,
        completions=completions,
        backoff_limit=limit,
        completion_mode=spec.completion_mode or "NonIndexed",
        suspend=bool(spec.suspend),
        manual_selector=bool(spec.manual_selector),
        pod_failure_policy=default_failure_policy(spec.pod_failure_policy),
        pod_replacement_policy=spec.pod_replacement_policy or replacement,
        template=default_pod_template(spec.template),
    )


def default_failure_policy(policy: PodFailurePolicy | None) -> PodFailurePolicy | None:
    """A pattern without status waits for True."""
    if policy is None:
        return None
    return replace(policy, rules=tuple(map(_default_rule, policy.rules)))


def _default_rule(rule: PodFailurePolicyRule) -> PodFailurePolicyRule:
    patterns = tuple(
        replace(pattern, status=pattern.status or "True") for pattern in rule.on_pod_conditions
    )
    return replace(rule, on_pod_conditions=patterns)


def _generated_labels(labels: Mapping[str, str], meta: ObjectMeta) -> Mapping[str, str]:
    own = {
        OLD_NAME_LABEL: meta.name,
        NAME_LABEL: meta.name,
        OLD_UID_LABEL: meta.uid,
        UID_LABEL: meta.uid,
    }
    return {**own, **labels}


def _generated_selector(selector: LabelSelector | None, uid: str) -> LabelSelector:
    selector = selector or LabelSelector()
    return replace(selector, match_labels={UID_LABEL: uid, **selector.match_labels})


def _own_selector(job: Job) -> Iterator[FieldError]:
    if job.spec.manual_selector or job.spec.selector is None:
        return
    meta = job.metadata
    if not meta.uid:
        yield required("metadata.uid")
    own = {
        OLD_UID_LABEL: meta.uid,
        OLD_NAME_LABEL: meta.name,
        UID_LABEL: meta.uid,
        NAME_LABEL: meta.name,
    }
    labels = job.spec.template.metadata.labels
    for key, value in own.items():
        path = f"spec.template.metadata.labels[{key}]"
        if key not in labels:
            yield required(path, f"must be '{value}'")
        elif labels[key] != value:
            yield invalid(path, dict(labels), f"must be '{value}'")
    try:
        is_own = selectors.from_object(job.spec.selector).matches(own)
    except selectors.SelectorError:
        return
    if not is_own:
        yield invalid("spec.selector", job.spec.selector, "`selector` not auto-generated")


def _completions(spec: JobSpec, old: JobSpec) -> Iterator[FieldError]:
    if spec.completion_mode != INDEXED:
        yield from immutable(spec.completions, old.completions, "spec.completions")
    elif spec.completions != old.completions and (
        spec.completions != spec.parallelism or old.completions != old.parallelism
    ):
        yield invalid(
            "spec.completions",
            spec.completions,
            "can only be modified in tandem with spec.parallelism",
        )


def _with_new_directives(template: PodTemplateSpec, old: Job) -> PodTemplateSpec:
    """The old template, and of the new one what may change while the Job waits to start."""
    before = old.spec.template
    if not old.spec.suspend or old.status.start_time is not None:
        return before
    affinity, old_affinity = template.spec.affinity, before.spec.affinity
    if affinity is None and old_affinity is not None:
        kept = replace(old_affinity, node_affinity=None)
        affinity = None if kept == type(kept)() else kept
    elif affinity is not None and old_affinity is not None:
        affinity = replace(old_affinity, node_affinity=affinity.node_affinity)
    elif affinity is not None:
        affinity = type(affinity)(node_affinity=affinity.node_affinity)
    pod = replace(
        before.spec,
        affinity=affinity,
        node_selector=template.spec.node_selector,
        tolerations=template.spec.tolerations,
        scheduling_gates=template.spec.scheduling_gates,
    )
    meta = replace(
        before.metadata,
        annotations=template.metadata.annotations,
        labels=template.metadata.labels,
    )
    return replace(before, metadata=meta, spec=pod)
