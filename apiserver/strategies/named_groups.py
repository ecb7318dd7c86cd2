"""The strategies of all kinds outside core/v1, by group and kind."""

from collections.abc import Mapping
from typing import Any

from apiserver.strategies.apps.controller_revision import ControllerRevisionRules
from apiserver.strategies.apps.daemon_set import DaemonSetRules
from apiserver.strategies.apps.deployment import DeploymentRules
from apiserver.strategies.apps.replica_set import ReplicaSetRules
from apiserver.strategies.apps.stateful_set import StatefulSetRules
from apiserver.strategies.autoscaling.horizontal_pod_autoscaler import HorizontalPodAutoscalerRules
from apiserver.strategies.batch.cron_job import CronJobRules
from apiserver.strategies.batch.job import JobRules
from apiserver.strategies.discovery.endpoint_slice import EndpointSliceRules
from apiserver.strategies.networking.addresses import IPAddressRules, ServiceCIDRRules
from apiserver.strategies.networking.ingress import IngressRules
from apiserver.strategies.networking.ingress_class import IngressClassRules
from apiserver.strategies.networking.network_policy import NetworkPolicyRules
from apiserver.strategies.policy.pod_disruption_budget import PodDisruptionBudgetRules
from apiserver.strategies.rbac.role import ClusterRoleRules, RoleRules
from apiserver.strategies.rbac.role_binding import ClusterRoleBindingRules, RoleBindingRules
from apiserver.strategies.strategy import Strategy

APPS = "apps"
AUTOSCALING = "autoscaling"
BATCH = "batch"
DISCOVERY = "discovery.k8s.io"
NETWORKING = "networking.k8s.io"
POLICY = "policy"
RBAC = "rbac.authorization.k8s.io"

NAMED_GROUPS: Mapping[tuple[str, str], Strategy[Any]] = {
    (APPS, "ControllerRevision"): ControllerRevisionRules(),
    (APPS, "DaemonSet"): DaemonSetRules(),
    (APPS, "Deployment"): DeploymentRules(),
    (APPS, "ReplicaSet"): ReplicaSetRules(),
    (APPS, "StatefulSet"): StatefulSetRules(),
    (AUTOSCALING, "HorizontalPodAutoscaler"): HorizontalPodAutoscalerRules(),
    (BATCH, "CronJob"): CronJobRules(),
    (BATCH, "Job"): JobRules(),
    (DISCOVERY, "EndpointSlice"): EndpointSliceRules(),
    (NETWORKING, "Ingress"): IngressRules(),
    (NETWORKING, "IngressClass"): IngressClassRules(),
    (NETWORKING, "IPAddress"): IPAddressRules(),
    (NETWORKING, "NetworkPolicy"): NetworkPolicyRules(),
    (NETWORKING, "ServiceCIDR"): ServiceCIDRRules(),
    (POLICY, "PodDisruptionBudget"): PodDisruptionBudgetRules(),
    (RBAC, "ClusterRole"): ClusterRoleRules(),
    (RBAC, "ClusterRoleBinding"): ClusterRoleBindingRules(),
    (RBAC, "Role"): RoleRules(),
    (RBAC, "RoleBinding"): RoleBindingRules(),
}
"""Every version of a group shares one strategy unless its types differ."""
