"""A Job's pods: how they are made, what they say of themselves, when they ended."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec.structs import replace

from controller_manager.pod_of import pod_of
from knarr.api.batch.job import Job
from knarr.api.core.container import Container
from knarr.api.core.env import EnvVar, EnvVarSource, ObjectFieldSelector
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.pods import condition_of
from knarr.api.times import parse

TRACKING = "batch.kubernetes.io/job-tracking"
"""The finalizer of pods that are not counted yet."""

INDEX = "batch.kubernetes.io/job-completion-index"
"""Annotation and label: which index a pod works on."""

FAILURES = "batch.kubernetes.io/job-index-failure-count"
"""How often the index failed before this pod."""

IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
"""How many of its failures the policy ignored."""

JOB_NAME = "batch.kubernetes.io/job-name"
"""The label that names the Job."""

GENERATED_NAME_MAX = 58
"""The longest beginning of a generated name."""

_ENV = "JOB_COMPLETION_INDEX"


def is_indexed(job: Job) -> bool:
    """Whether each pod works on an index of its own."""
    return job.spec.completion_mode == "Indexed"


def is_tracked(pod: Pod) -> bool:
    """Whether the pod still waits to be counted."""
    return TRACKING in pod.metadata.finalizers


def replaces_only_failed(job: Job) -> bool:
    """Whether a pod that is being deleted is waited for before another takes its place."""
    return job.spec.pod_replacement_policy == "Failed" or job.spec.pod_failure_policy is not None


def has_failed(job: Job, pod: Pod) -> bool:
    """Whether the pod counts as failed: it did, or it was deleted before it could end."""
    if pod.status.phase == "Failed":
        return True
    if replaces_only_failed(job):
        return False
    return pod.metadata.deletion_timestamp is not None and pod.status.phase != "Succeeded"


def index_of(job: Job, pod: Pod) -> int | None:
    """The index the pod works on; None when it has none that the Job knows."""
    number = _number(pod.metadata.annotations, INDEX, -1)
    return number if 0 <= number < (job.spec.completions or 0) else None


def failures_of(pod: Pod) -> int:
    """How often the pod's index failed before it."""
    return _number(pod.metadata.annotations, FAILURES, 0)


def ignored_failures_of(pod: Pod) -> int:
    """How many ignored failures the pod's index had before it."""
    return _number(pod.metadata.annotations, IGNORED_FAILURES, 0)


def _number(annotations: Mapping[str, str], key: str, otherwise: int) -> int:
    text = annotations.get(key, "")
    return int(text) if text.isascii() and text.isdigit() else otherwise


def ended_at(pod: Pod) -> datetime:
    """When the pod ended: its last container, or else it stopped being ready, or was deleted."""
    states = [status.state.terminated for status in pod.status.container_statuses]
    ends = [state.finished_at for state in states if state is not None and state.finished_at]
    if ends and len(ends) == len(states):
        return parse(max(ends))
    ready = condition_of(pod, "Ready")
    if ready is not None and ready.status == "False" and ready.last_transition_time:
        return parse(ready.last_transition_time)
    if pod.metadata.deletion_timestamp is not None:
        grace = timedelta(seconds=pod.metadata.deletion_grace_period_seconds or 0)
        return parse(pod.metadata.deletion_timestamp) - grace
    return parse(pod.metadata.creation_timestamp or "1970-01-01T00:00:00Z")


def make_pod(job: Job) -> Pod:
    """Make a pod that is like all others."""
    return pod_of(job, job.spec.template, finalizers=_finalizers(job))


def make_indexed_pod(job: Job, index: int, failures: Mapping[str, str]) -> Pod:
    """Make the pod of an index; `failures` are the annotations that count them."""
    pod = pod_of(
        job,
        job.spec.template,
        labels={INDEX: str(index)},
        annotations={INDEX: str(index), **failures},
        finalizers=_finalizers(job),
    )
    ending = f"-{index}-"
    beginning = job.metadata.name[: GENERATED_NAME_MAX - len(ending)]
    return replace(
        pod,
        metadata=replace(pod.metadata, generate_name=beginning + ending),
        spec=_told_its_index(replace(pod.spec, hostname=f"{job.metadata.name}-{index}")),
    )


def _finalizers(job: Job) -> tuple[str, ...]:
    return () if TRACKING in job.spec.template.metadata.finalizers else (TRACKING,)


def _told_its_index(spec: PodSpec) -> PodSpec:
    return replace(
        spec,
        containers=tuple(map(_with_env, spec.containers)),
        init_containers=tuple(map(_with_env, spec.init_containers)),
    )


def _with_env(container: Container) -> Container:
    if any(each.name == _ENV for each in container.env):
        return container
    source = EnvVarSource(field_ref=ObjectFieldSelector(field_path=f"metadata.labels['{INDEX}']"))
    return replace(container, env=(*container.env, EnvVar(name=_ENV, value_from=source)))
