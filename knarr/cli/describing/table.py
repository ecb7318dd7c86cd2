"""Which writer describes which kind."""

from collections.abc import Mapping

from knarr.api.kind import Kind
from knarr.cli.describing import autoscaling, configuration, network, nodes, pods, workloads
from knarr.cli.describing.generic import generic
from knarr.cli.describing.sheet import Writer

_RBAC = "rbac.authorization.k8s.io"

WRITERS: Mapping[tuple[str, str], Writer] = {
    ("", "Pod"): pods.pod,
    ("", "ConfigMap"): configuration.config_map,
    ("", "Secret"): configuration.secret,
    ("", "ServiceAccount"): configuration.service_account,
    ("", "Service"): network.service,
    ("", "Endpoints"): network.endpoints,
    ("", "Node"): nodes.node,
    ("", "Namespace"): configuration.namespace,
    ("", "PersistentVolumeClaim"): configuration.claim,
    ("", "PersistentVolume"): configuration.volume,
    ("", "ResourceQuota"): configuration.quota,
    ("", "LimitRange"): configuration.limit_range,
    ("", "ReplicationController"): workloads.replica_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("batch", "Job"): workloads.job,
    ("batch", "CronJob"): workloads.cron_job,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaling.scaler,
    ("policy", "PodDisruptionBudget"): configuration.budget,
    ("networking.k8s.io", "IngressClass"): network.ingress_class,
    ("scheduling.k8s.io", "PriorityClass"): configuration.priority_class,
    ("certificates.k8s.io", "CertificateSigningRequest"): configuration.signing_request,
    ("networking.k8s.io", "Ingress"): network.ingress,
    ("networking.k8s.io", "NetworkPolicy"): network.network_policy,
    ("discovery.k8s.io", "EndpointSlice"): network.endpoint_slice,
    ("storage.k8s.io", "StorageClass"): configuration.storage_class,
    (_RBAC, "Role"): configuration.role,
    (_RBAC, "ClusterRole"): configuration.role,
    (_RBAC, "RoleBinding"): configuration.role_binding,
    (_RBAC, "ClusterRoleBinding"): configuration.role_binding,
}


def writer_of(kind: Kind) -> Writer:
    """The writer of a kind."""
    return WRITERS.get((kind.group, kind.name), generic)
