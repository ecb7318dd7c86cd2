"""The strategies of all kinds outside core/v1, by group and kind."""

from collections.abc import Mapping
from typing import Any

from apiserver.strategies.admissionregistration.policy import (
    MutatingAdmissionPolicyBindingRules,
    MutatingAdmissionPolicyRules,
    ValidatingAdmissionPolicyBindingRules,
    ValidatingAdmissionPolicyRules,
)
from apiserver.strategies.admissionregistration.webhook_configuration import (
    MutatingWebhookConfigurationRules,
    ValidatingWebhookConfigurationRules,
)
from apiserver.strategies.apiextensions.custom_resource_definition import (
    CustomResourceDefinitionRules,
)
from apiserver.strategies.apiregistration.api_service import APIServiceRules
from apiserver.strategies.apps.controller_revision import ControllerRevisionRules
from apiserver.strategies.apps.daemon_set import DaemonSetRules
from apiserver.strategies.apps.deployment import DeploymentRules
from apiserver.strategies.apps.replica_set import ReplicaSetRules
from apiserver.strategies.apps.stateful_set import StatefulSetRules
from apiserver.strategies.autoscaling.horizontal_pod_autoscaler import HorizontalPodAutoscalerRules
from apiserver.strategies.batch.cron_job import CronJobRules
from apiserver.strategies.batch.job import JobRules
from apiserver.strategies.certificates.certificate_signing_request import (
    CertificateSigningRequestRules,
)
from apiserver.strategies.coordination.lease import LeaseRules
from apiserver.strategies.discovery.endpoint_slice import EndpointSliceRules
from apiserver.strategies.events.event import EventViewRules
from apiserver.strategies.flowcontrol.flow_schema import FlowSchemaRules
from apiserver.strategies.flowcontrol.priority_level_configuration import (
    PriorityLevelConfigurationRules,
)
from apiserver.strategies.metrics.usage import NodeMetricsRules, PodMetricsRules
from apiserver.strategies.networking.addresses import IPAddressRules, ServiceCIDRRules
from apiserver.strategies.networking.ingress import IngressRules
from apiserver.strategies.networking.ingress_class import IngressClassRules
from apiserver.strategies.networking.network_policy import NetworkPolicyRules
from apiserver.strategies.node.runtime_class import RuntimeClassRules
from apiserver.strategies.policy.pod_disruption_budget import PodDisruptionBudgetRules
from apiserver.strategies.rbac.role import ClusterRoleRules, RoleRules
from apiserver.strategies.rbac.role_binding import ClusterRoleBindingRules, RoleBindingRules
from apiserver.strategies.resource.dynamic_resources import (
    DeviceClassRules,
    ResourceClaimRules,
    ResourceClaimTemplateRules,
    ResourceSliceRules,
)
from apiserver.strategies.scheduling.priority_class import PriorityClassRules
from apiserver.strategies.storage.csi import (
    CSIDriverRules,
    CSINodeRules,
    CSIStorageCapacityRules,
)
from apiserver.strategies.storage.storage_class import (
    StorageClassRules,
    VolumeAttributesClassRules,
)
from apiserver.strategies.storage.volume_attachment import VolumeAttachmentRules
from apiserver.strategies.strategy import Strategy

APPS = "apps"
AUTOSCALING = "autoscaling"
BATCH = "batch"
DISCOVERY = "discovery.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
FLOWCONTROL = "flowcontrol.apiserver.k8s.io"
RESOURCE = "resource.k8s.io"
STORAGE = "storage.k8s.io"
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
    (STORAGE, "CSIDriver"): CSIDriverRules(),
    (STORAGE, "CSINode"): CSINodeRules(),
    (STORAGE, "CSIStorageCapacity"): CSIStorageCapacityRules(),
    (STORAGE, "StorageClass"): StorageClassRules(),
    (STORAGE, "VolumeAttachment"): VolumeAttachmentRules(),
    (STORAGE, "VolumeAttributesClass"): VolumeAttributesClassRules(),
    ("apiregistration.k8s.io", "APIService"): APIServiceRules(),
    ("certificates.k8s.io", "CertificateSigningRequest"): CertificateSigningRequestRules(),
    ("coordination.k8s.io", "Lease"): LeaseRules(),
    (FLOWCONTROL, "FlowSchema"): FlowSchemaRules(),
    (FLOWCONTROL, "PriorityLevelConfiguration"): PriorityLevelConfigurationRules(),
    ("node.k8s.io", "RuntimeClass"): RuntimeClassRules(),
    ("scheduling.k8s.io", "PriorityClass"): PriorityClassRules(),
    (ADMISSION, "MutatingAdmissionPolicy"): MutatingAdmissionPolicyRules(),
    (ADMISSION, "MutatingAdmissionPolicyBinding"): MutatingAdmissionPolicyBindingRules(),
    (ADMISSION, "MutatingWebhookConfiguration"): MutatingWebhookConfigurationRules(),
    (ADMISSION, "ValidatingAdmissionPolicy"): ValidatingAdmissionPolicyRules(),
    (ADMISSION, "ValidatingAdmissionPolicyBinding"): ValidatingAdmissionPolicyBindingRules(),
    (ADMISSION, "ValidatingWebhookConfiguration"): ValidatingWebhookConfigurationRules(),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): CustomResourceDefinitionRules(),
    ("events.k8s.io", "Event"): EventViewRules(),
    ("metrics.k8s.io", "NodeMetrics"): NodeMetricsRules(),
    ("metrics.k8s.io", "PodMetrics"): PodMetricsRules(),
    (RESOURCE, "DeviceClass"): DeviceClassRules(),
    (RESOURCE, "ResourceClaim"): ResourceClaimRules(),
    (RESOURCE, "ResourceClaimTemplate"): ResourceClaimTemplateRules(),
    (RESOURCE, "ResourceSlice"): ResourceSliceRules(),
}
"""Every version of a group shares one strategy unless its types differ."""
