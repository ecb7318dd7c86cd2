"""The types of job in batch."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListSet, PatchMerge, written


class PodFailurePolicyOnExitCodesRequirement(ApiStruct):
    """Tells failures apart by exit codes."""

    container_name: str | None = None
    """Container that is looked at; all when absent."""
    operator: str
    """In or NotIn."""
    values: Annotated[tuple[Int32, ...], ListSet()]
    """The exit codes."""


class PodFailurePolicyOnPodConditionsPattern(ApiStruct):
    """Tells failures apart by a condition of the pod."""

    type: str
    """Type of the condition, such as DisruptionTarget."""
    status: str = ""
    """What was observed last."""


class PodFailurePolicyRule(ApiStruct):
    """What a failure of a certain kind means."""

    action: str
    """FailJob, FailIndex, Ignore or Count."""
    on_exit_codes: PodFailurePolicyOnExitCodesRequirement | None = None
    """Exit codes it is about."""
    on_pod_conditions: tuple[PodFailurePolicyOnPodConditionsPattern, ...] = ()
    """Conditions it is about."""


class PodFailurePolicy(ApiStruct):
    """What failures of pods mean; the first rule that fits counts."""

    rules: tuple[PodFailurePolicyRule, ...]
    """The rules, in order."""


class SuccessPolicyRule(ApiStruct):
    """When an indexed job has succeeded before all its indexes are through."""

    succeeded_count: Int32 | None = None
    """So many indexes are enough."""
    succeeded_indexes: str | None = None
    """Indexes that must be among them, such as 0,2-5."""


class SuccessPolicy(ApiStruct):
    """When an indexed job has succeeded before all its indexes are through."""

    rules: tuple[SuccessPolicyRule, ...]
    """The rules; one that holds is enough."""


class JobSpec(ApiStruct):
    """How often a pod must run to its end, and what it looks like."""

    active_deadline_seconds: int | None = None
    """Seconds after its start at which the job fails, if it is not over by then."""
    backoff_limit: Int32 | None = None
    """How many failures there may be. The server fills in 6."""
    backoff_limit_per_index: Int32 | None = None
    """How many failures of one index there may be."""
    completion_mode: str | None = None
    """NonIndexed, or Indexed to give each pod a number. The server fills in NonIndexed."""
    completions: Int32 | None = None
    """How many pods must succeed."""
    managed_by: str | None = None
    """Who works on the job, when it is not the built-in controller."""
    manual_selector: bool | None = None
    """Whether the selector is the user's own."""
    max_failed_indexes: Int32 | None = None
    """How many indexes may fail before the job does."""
    parallelism: Int32 | None = None
    """How many pods may run at a time. The server fills in 1."""
    pod_failure_policy: PodFailurePolicy | None = None
    """What failures of pods mean."""
    pod_replacement_policy: str | None = None
    """TerminatingOrFailed, or Failed to wait until a pod is quite over."""
    selector: LabelSelector | None = None
    """Labels by which its pods are known; the server makes one."""
    success_policy: SuccessPolicy | None = None
    """When it has succeeded early."""
    suspend: bool | None = None
    """Whether it waits, without any pods."""
    template: PodTemplateSpec
    """What the pods look like."""
    ttl_seconds_after_finished: Int32 | None = None
    """Seconds after its end at which it is deleted."""


class JobCondition(ApiStruct):
    """One thing about how a Job is."""

    last_probe_time: Time | None = written(default=None)
    """Moment it was last looked at."""
    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """Complete, Failed, Suspended, SuccessCriteriaMet or FailureTarget."""
    status: str
    """What was observed last."""


class UncountedTerminatedPods(ApiStruct):
    """Pods that ended and are not counted yet."""

    failed: Annotated[tuple[str, ...], ListSet()] = ()
    """Uids of those that failed."""
    succeeded: Annotated[tuple[str, ...], ListSet()] = ()
    """Uids of those that succeeded."""


class JobStatus(ApiStruct):
    """The most recently observed state."""

    active: Int32 = 0
    """Number of pods that are neither over nor being deleted."""
    completed_indexes: str = ""
    """Indexes that succeeded, such as 0,2-5."""
    completion_time: Time | None = None
    """Moment it succeeded."""
    conditions: Annotated[tuple[JobCondition, ...], PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    failed: Int32 = 0
    """Number of pods that failed."""
    failed_indexes: str | None = None
    """Indexes that failed, such as 0,2-5."""
    ready: Int32 | None = None
    """Number of pods that are ready."""
    start_time: Time | None = None
    """Moment the controller took it up."""
    succeeded: Int32 = 0
    """Number of pods that succeeded."""
    terminating: Int32 | None = None
    """Number of pods that are being deleted."""
    uncounted_terminated_pods: UncountedTerminatedPods | None = None
    """Pods that ended and are not counted yet."""


class Job(ApiStruct):
    """Runs pods until enough of them have come to a good end."""

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
    """What jobs that a CronJob makes look like."""

    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: JobSpec = JobSpec(template=PodTemplateSpec())
    """What is wanted."""
