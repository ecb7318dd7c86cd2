"""The strategies of all kinds of core/v1, by kind."""

from collections.abc import Mapping
from typing import Any

from apiserver.strategies.core.binding import BindingRules
from apiserver.strategies.core.component_status import ComponentStatusRules
from apiserver.strategies.core.config_map import ConfigMapRules
from apiserver.strategies.core.endpoints import EndpointsRules
from apiserver.strategies.core.event import EventRules
from apiserver.strategies.core.limit_range import LimitRangeRules
from apiserver.strategies.core.namespace import NamespaceRules
from apiserver.strategies.core.node import NodeRules
from apiserver.strategies.core.persistent_volume import PersistentVolumeRules
from apiserver.strategies.core.persistent_volume_claim import PersistentVolumeClaimRules
from apiserver.strategies.core.pod import PodRules
from apiserver.strategies.core.pod_template import PodTemplateRules
from apiserver.strategies.core.replication_controller import ReplicationControllerRules
from apiserver.strategies.core.resource_quota import ResourceQuotaRules
from apiserver.strategies.core.secret import SecretRules
from apiserver.strategies.core.service import ServiceRules
from apiserver.strategies.core.service_account import ServiceAccountRules
from apiserver.strategies.strategy import Strategy

CORE: Mapping[str, Strategy[Any]] = {
    "Binding": BindingRules(),
    "ComponentStatus": ComponentStatusRules(),
    "ConfigMap": ConfigMapRules(),
    "Endpoints": EndpointsRules(),
    "Event": EventRules(),
    "LimitRange": LimitRangeRules(),
    "Namespace": NamespaceRules(),
    "Node": NodeRules(),
    "PersistentVolume": PersistentVolumeRules(),
    "PersistentVolumeClaim": PersistentVolumeClaimRules(),
    "Pod": PodRules(),
    "PodTemplate": PodTemplateRules(),
    "ReplicationController": ReplicationControllerRules(),
    "ResourceQuota": ResourceQuotaRules(),
    "Secret": SecretRules(),
    "Service": ServiceRules(),
    "ServiceAccount": ServiceAccountRules(),
}
