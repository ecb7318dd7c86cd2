"""Small truths about a pod's containers that deciding and status share."""

from collections.abc import Iterable, Iterator, Mapping

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.pod import Pod
from kubelet.runtime.runtime import Container, Observed


def latest(observed: Observed) -> Mapping[str, Container]:
    """The newest attempt of each container, by name."""
    newest: dict[str, Container] = {}
    for container in observed.containers:
        known = newest.get(container.name)
        if known is None or container.attempt >= known.attempt:
            newest[container.name] = container
    return newest


def previous(observed: Observed, name: str) -> Container | None:
    """The attempt before the newest one, if it is still known."""
    attempts = sorted(
        (one for one in observed.containers if one.name == name), key=lambda one: one.attempt
    )
    return attempts[-2] if len(attempts) > 1 else None


def is_sidecar(container: ContainerSpec) -> bool:
    """Whether an init container stays beside the others."""
    return container.restart_policy == "Always"


def restarts(pod: Pod, spec: ContainerSpec, ended: Container) -> bool:
    """Whether a container that ended is started again.

    The container's own rules come first, then its own policy, then the pod's.
    """
    for rule in spec.restart_policy_rules:
        if rule.exit_codes is not None:
            among = ended.exit_code in rule.exit_codes.values
            if among == (rule.exit_codes.operator == "In"):
                return rule.action in ("Restart", "RestartAllContainers")
    policy = spec.restart_policy or pod.spec.restart_policy
    if policy == "Never":
        return False
    return policy != "OnFailure" or ended.exit_code != 0


def init_restarts(pod: Pod, spec: ContainerSpec, ended: Container) -> bool:
    """Whether an init container that failed is tried again."""
    if spec.restart_policy or spec.restart_policy_rules:
        return restarts(pod, spec, ended)
    return pod.spec.restart_policy != "Never"


def is_over(pod: Pod, containers: Mapping[str, Container]) -> bool:
    """Whether every main container ended for good."""
    return all(
        (one := containers.get(spec.name)) is not None
        and one.phase == "exited"
        and not restarts(pod, spec, one)
        for spec in pod.spec.containers
    )


def init_failed(pod: Pod, containers: Mapping[str, Container]) -> bool:
    """Whether an init container failed for good, so that the pod has failed."""
    return any(
        not is_sidecar(spec)
        and (one := containers.get(spec.name)) is not None
        and one.phase == "exited"
        and one.exit_code != 0
        and not init_restarts(pod, spec, one)
        for spec in pod.spec.init_containers
    )


def has_started(pod: Pod, containers: Mapping[str, Container]) -> bool:
    """Whether a main container was started in this sandbox: init containers are done then."""
    return any(spec.name in containers for spec in pod.spec.containers)


def running(containers: Iterable[Container]) -> Iterator[Container]:
    """Those that are not over."""
    return (one for one in containers if one.phase != "exited")
