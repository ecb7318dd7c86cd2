"""The types of job in batch."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListSet, PatchMerge, written


class PodFailurePolicyOnExitCodesRequirement(ApiStruct):
    """TODO."""

    container_name: str | None = None
    """TODO."""
    operator: str
    """TODO."""
    values: Annotated[tuple[Int32, ...], ListSet()]
    """TODO."""


class PodFailurePolicyOnPodConditionsPattern(ApiStruct):
    """TODO."""

    type: str
    """TODO."""
    status: str = ""
    """What was observed last."""


class PodFailurePolicyRule(ApiStruct):
    """TODO."""

    action: str
    """TODO."""
    on_exit_codes: PodFailurePolicyOnExitCodesRequirement | None = None
    """TODO."""
    on_pod_conditions: tuple[PodFailurePolicyOnPodConditionsPattern, ...] = ()
    """TODO."""


class PodFailurePolicy(ApiStruct):
    """TODO."""

    rules: tuple[PodFailurePolicyRule, ...]
    """TODO."""


class SuccessPolicyRule(ApiStruct):
    """TODO."""

    succeeded_count: Int32 | None = None
    """TODO."""
    succeeded_indexes: str | None = None
    """TODO."""


class SuccessPolicy(ApiStruct):
    """TODO."""

    rules: tuple[SuccessPolicyRule, ...]
    """TODO."""


class JobSpec(ApiStruct):
    """TODO."""

    active_deadline_seconds: int | None = None
    """TODO."""
    backoff_limit: Int32 | None = None
    """TODO."""
    backoff_limit_per_index: Int32 | None = None
    """TODO."""
    completion_mode: str | None = None
    """TODO."""
    completions: Int32 | None = None
    """TODO."""
    managed_by: str | None = None
    """TODO."""
    manual_selector: bool | None = None
    """TODO."""
    max_failed_indexes: Int32 | None = None
    """TODO."""
    parallelism: Int32 | None = None
    """TODO."""
    pod_failure_policy: PodFailurePolicy | None = None
    """TODO."""
    pod_replacement_policy: str | None = None
    """TODO."""
    selector: LabelSelector | None = None
    """TODO."""
    success_policy: SuccessPolicy | None = None
    """TODO."""
    suspend: bool | None = None
    """TODO."""
    template: PodTemplateSpec
    """What the pods look like."""
    ttl_seconds_after_finished: Int32 | None = None
    """TODO."""


class JobCondition(ApiStruct):
    """TODO."""

    last_probe_time: Time | None = written(default=None)
    """Moment it was last looked at."""
    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class UncountedTerminatedPods(ApiStruct):
    """TODO."""

    failed: Annotated[tuple[str, ...], ListSet()] = ()
    """TODO."""
    succeeded: Annotated[tuple[str, ...], ListSet()] = ()
    """TODO."""


class JobStatus(ApiStruct):
    """TODO."""

    active: Int32 = 0
    """TODO."""
    completed_indexes: str = ""
    """TODO."""
    completion_time: Time | None = None
    """TODO."""
    conditions: Annotated[tuple[JobCondition, ...], PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    failed: Int32 = 0
    """TODO."""
    failed_indexes: str | None = None
    """TODO."""
    ready: Int32 | None = None
    """TODO."""
    start_time: Time | None = None
    """TODO."""
    succeeded: Int32 = 0
    """TODO."""
    terminating: Int32 | None = None
    """TODO."""
    uncounted_terminated_pods: UncountedTerminatedPods | None = None
    """TODO."""


class Job(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: JobSpec = JobSpec(template=PodTemplateSpec())
    """What is wanted."""
    status: JobStatus = JobStatus()
    """What was observed last."""


class JobTemplateSpec(ApiStruct):
    """TODO."""

    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: JobSpec = JobSpec(template=PodTemplateSpec())
    """What is wanted."""
