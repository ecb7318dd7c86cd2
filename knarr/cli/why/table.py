"""Which rules know which kind."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from knarr.cli.why import others, pods, workloads
from knarr.cli.why.facts import Facts
from knarr.cli.why.finding import Finding

Rules = Callable[[dict[str, Any], Facts], Iterator[Finding]]

RULES: Mapping[str, Rules] = {
    "Pod": pods.pod,
    "Deployment": workloads.workload,
    "ReplicaSet": workloads.workload,
    "ReplicationController": workloads.workload,
    "StatefulSet": workloads.workload,
    "DaemonSet": workloads.workload,
    "Job": workloads.job,
    "CronJob": workloads.cron_job,
    "HorizontalPodAutoscaler": workloads.scaler,
    "Service": others.service,
    "PersistentVolumeClaim": others.claim,
    "Node": others.node,
    "PodDisruptionBudget": others.budget,
    "Namespace": others.namespace,
    "Ingress": others.ingress,
    "CertificateSigningRequest": others.signing_request,
    "RoleBinding": others.role_binding,
    "ClusterRoleBinding": others.role_binding,
}


def findings(obj: dict[str, Any], facts: Facts) -> list[Finding]:
    """What is wrong with an object."""
    return list(RULES.get(obj["kind"], pods.finalizers)(obj, facts))
