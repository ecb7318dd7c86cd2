"""Takes overhead and node choice of a pod from its runtime class."""

from typing import ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from apiserver.admission.refusal import refusal
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.node.runtime_class import RuntimeClass

_NO_OVERHEAD = "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"


class RuntimeClasses(Admission):
    """Looks up the runtime class of new pods."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset({("", "pods")})

    async def admit(self, attributes: Attributes, view: View) -> Pod:
        """Fill in what the class says."""
        pod: Pod = attributes.object
        name = pod.spec.runtime_class_name
        if not name:
            if pod.spec.overhead:
                raise refusal(attributes, _NO_OVERHEAD)
            return pod
        found: RuntimeClass | None = view.get(RuntimeClass, "", name)
        if found is None:
            raise refusal(attributes, f'pod rejected: RuntimeClass "{name}" not found')
        return replace(pod, spec=_with_class(attributes, pod.spec, found))


def _with_class(attributes: Attributes, spec: PodSpec, found: RuntimeClass) -> PodSpec:
    if found.overhead is None and spec.overhead:
        raise refusal(attributes, _NO_OVERHEAD)
    if found.overhead is not None:
        fixed = found.overhead.pod_fixed
        if spec.overhead and spec.overhead != fixed:
            why = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
            raise refusal(attributes, why)
        spec = replace(spec, overhead=fixed)
    scheduling = found.scheduling
    if scheduling is None:
        return spec
    for key, value in scheduling.node_selector.items():
        if spec.node_selector.get(key, value) != value:
            why = (
                f"pod rejected: conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {spec.node_selector[key]}"
            )
            raise refusal(attributes, why)
    more = tuple(each for each in scheduling.tolerations if each not in spec.tolerations)
    return replace(
        spec,
        node_selector={**spec.node_selector, **scheduling.node_selector},
        tolerations=(*spec.tolerations, *more),
    )
