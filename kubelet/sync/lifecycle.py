"""Small truths about a pod's containers that deciding and status share."""

from collections.abc import Iterable, Iterator, Mapping

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import ContainerRestartRule
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
    if _rule_for(spec, ended) is not None:
        return True
    policy = spec.restart_policy or pod.spec.restart_policy
    if policy == "Never":
        return False
    return policy != "OnFailure" or ended.exit_code != 0


def _rule_for(spec: ContainerSpec, ended: Container) -> ContainerRestartRule | None:
    """The first of the container's own rules that is about how it ended."""
    for rule in spec.restart_policy_rules:
        if rule.exit_codes is not None:
            among = ended.exit_code in rule.exit_codes.values
            if among == (rule.exit_codes.operator == "In"):
                return rule
    return None


def restarts_all(pod: Pod, observed: Observed) -> Container | None:
    """The container whose end has all others of the pod start again, the last if there are more.

    Whatever was made before that end is of the past, the container itself too.
    """
    specs = {
        spec.name: spec
        for spec in (*pod.spec.init_containers, *pod.spec.containers)
        if any(rule.action == "RestartAllContainers" for rule in spec.restart_policy_rules)
    }
    found = [
        one
        for one in observed.containers
        if one.phase == "exited"
        and one.finished_at is not None
        and one.name in specs
        and (rule := _rule_for(specs[one.name], one)) is not None
        and rule.action == "RestartAllContainers"
    ]
    return max(found, key=lambda one: one.finished_at or one.created_at, default=None)


def of_the_past(
    containers: Mapping[str, Container], culprit: Container | None
) -> Mapping[str, Container]:
    """The containers that are to start again because one ended whose end concerns all."""
    if culprit is None or culprit.finished_at is None:
        return {}
    return {name: one for name, one in containers.items() if one.created_at <= culprit.finished_at}


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


def will_run(pod: Pod, containers: Mapping[str, Container]) -> bool:
    """Whether a main container that ended is started again."""
    return any(
        (one := containers.get(spec.name)) is not None
        and one.phase == "exited"
        and restarts(pod, spec, one)
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
