"""The names and labels by which a kubelet finds its containers again."""

from collections.abc import Mapping

from msgspec import Struct

from kubelet.runtime.runtime import ContainerConfig, PodRef, SandboxConfig

KUBELET = "knarr.io/kubelet"
"""Whose container it is: several nodes may share one engine."""

KIND = "knarr.io/kind"
ATTEMPT = "knarr.io/attempt"
SPEC_HASH = "knarr.io/spec-hash"
POD_IP = "knarr.io/pod-ip"
SHARED_PROCESSES = "knarr.io/shared-processes"
IMAGE = "knarr.io/image"
POD_UID = "io.kubernetes.pod.uid"
POD_NAME = "io.kubernetes.pod.name"
POD_NAMESPACE = "io.kubernetes.pod.namespace"
CONTAINER_NAME = "io.kubernetes.container.name"

SANDBOX = "POD"
"""What stands for a container's name in a sandbox, which has none."""


class Identity(Struct, frozen=True):
    """Which kubelet, told to every container."""

    kubelet: str

    def sandbox_labels(self, config: SandboxConfig) -> Mapping[str, str]:
        """The labels of a sandbox."""
        return {
            **self._pod_labels(config.pod, SANDBOX, config.attempt),
            KIND: "sandbox",
            POD_IP: config.ip,
            SHARED_PROCESSES: str(bool(config.spec.share_process_namespace)).lower(),
        }

    def container_labels(self, config: ContainerConfig) -> Mapping[str, str]:
        """The labels of a container."""
        return {
            **self._pod_labels(config.pod, config.name, config.attempt),
            KIND: config.kind,
            SPEC_HASH: config.spec_hash,
            IMAGE: config.image,
        }

    def _pod_labels(self, pod: PodRef, name: str, attempt: int) -> Mapping[str, str]:
        return {
            KUBELET: self.kubelet,
            POD_UID: pod.uid,
            POD_NAME: pod.name,
            POD_NAMESPACE: pod.namespace,
            CONTAINER_NAME: name,
            ATTEMPT: str(attempt),
        }


def docker_name(pod: PodRef, name: str, attempt: int) -> str:
    """k8s_web_web-0_default_UID_0, as Kubernetes named containers in Docker."""
    return f"k8s_{name}_{pod.name}_{pod.namespace}_{pod.uid}_{attempt}"
