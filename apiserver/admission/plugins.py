"""The plugins in the order in which they are asked."""

from apiserver.admission.admission import Admission
from apiserver.admission.claim_resize import ClaimResize
from apiserver.admission.default_class import DefaultIngressClass, DefaultStorageClass
from apiserver.admission.default_tolerations import DefaultTolerationSeconds
from apiserver.admission.limit_ranger import LimitRanger
from apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from apiserver.admission.new_node_taint import TaintNodesByCondition
from apiserver.admission.node_restriction import NodeRestriction
from apiserver.admission.pod_security import PodSecurity
from apiserver.admission.pod_topology import PodTopologyLabels
from apiserver.admission.priority import Priority
from apiserver.admission.resource_quota import ResourceQuotas
from apiserver.admission.runtime_class import RuntimeClasses
from apiserver.admission.service_account import ServiceAccounts
from apiserver.admission.storage_protection import StorageObjectInUseProtection


def default_plugins(*, tokens: bool, toleration_s: int) -> tuple[Admission, ...]:
    """What an API server asks unless it is told otherwise."""
    return (
        NamespaceLifecycle(),
        LimitRanger(),
        ServiceAccounts(tokens=tokens),
        NodeRestriction(),
        TaintNodesByCondition(),
        PodSecurity(),
        PodTopologyLabels(),
        Priority(),
        DefaultTolerationSeconds(toleration_s),
        DefaultStorageClass(),
        StorageObjectInUseProtection(),
        ClaimResize(),
        RuntimeClasses(),
        DefaultIngressClass(),
        # What is counted must be what is stored, so this is asked last.
        ResourceQuotas(),
    )
