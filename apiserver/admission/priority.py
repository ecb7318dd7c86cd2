"""Turns the name of a pod's priority class into its number."""

from typing import ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from apiserver.admission.refusal import refusal
from knarr.api.core.pod import Pod
from knarr.api.scheduling.priority_class import PriorityClass

SYSTEM_PREFIX = "system-"
"""What the names of the built-in classes begin with."""

_PREEMPT = "PreemptLowerPriority"


class Priority(Admission):
    """Gives pods their priority and guards the classes."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE", "UPDATE", "DELETE"})
    interests: ClassVar[frozenset[Interest]] = frozenset(
        {("", "pods"), ("scheduling.k8s.io", "priorityclasses")}
    )

    async def admit(self, attributes: Attributes, view: View) -> object:
        """Give a new pod its priority."""
        if attributes.kind.plural != "pods" or attributes.object is None:
            return attributes.object
        pod: Pod = attributes.object
        if attributes.old is not None:
            return _as_before(pod, attributes.old)
        name, number, policy = _chosen(attributes, view, pod)
        given = pod.spec.priority
        if given is not None and given != number:
            raise refusal(
                attributes,
                f"the integer value of priority ({given}) must not be provided in pod spec; "
                f"priority admission controller computed {number} from the given PriorityClass "
                "name",
            )
        wanted = pod.spec.preemption_policy
        if wanted is not None and name and wanted != policy:
            raise refusal(
                attributes,
                f"the string value of PreemptionPolicy ({wanted}) must not be provided in pod "
                f"spec; priority admission controller computed {policy} from the given "
                "PriorityClass name",
            )
        spec = replace(
            pod.spec,
            priority_class_name=name,
            priority=number,
            preemption_policy=wanted or policy,
        )
        return replace(pod, spec=spec)

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Guard the built-in classes, and let there be one default."""
        if attributes.kind.plural != "priorityclasses":
            return
        if attributes.operation == "DELETE":
            if attributes.name.startswith(SYSTEM_PREFIX):
                why = "this is a system priority class and cannot be deleted"
                raise refusal(attributes, why)
            return
        wanted: PriorityClass = attributes.object
        if not wanted.global_default:
            return
        for other in view.list(PriorityClass):
            if other.global_default and other.metadata.name != wanted.metadata.name:
                raise refusal(
                    attributes,
                    f"PriorityClass {other.metadata.name} is already marked as default. "
                    "Only one default can exist",
                )


def _chosen(attributes: Attributes, view: View, pod: Pod) -> tuple[str, int, str]:
    """Name, number and preemption policy of the class of a pod."""
    name = pod.spec.priority_class_name
    if name:
        found: PriorityClass | None = view.get(PriorityClass, "", name)
        if found is None:
            raise refusal(attributes, f"no PriorityClass with name {name} was found")
        return name, found.value, found.preemption_policy or _PREEMPT
    defaults = [each for each in view.list(PriorityClass) if each.global_default]
    if not defaults:
        return "", 0, _PREEMPT
    lowest: PriorityClass = min(defaults, key=lambda each: int(each.value))
    return lowest.metadata.name, lowest.value, lowest.preemption_policy or _PREEMPT


def _as_before(pod: Pod, old: Pod) -> Pod:
    spec = pod.spec
    if spec.priority is None and old.spec.priority is not None:
        spec = replace(spec, priority=old.spec.priority)
    if spec.preemption_policy is None and old.spec.preemption_policy is not None:
        spec = replace(spec, preemption_policy=old.spec.preemption_policy)
    return pod if spec is pod.spec else replace(pod, spec=spec)
