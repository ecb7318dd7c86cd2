"""The plugins in the order in which they are asked."""

from collections.abc import Callable, Collection, Mapping
from functools import partial

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
from knarr.daemon.settings import SettingsError

OPTIONAL = frozenset({"NodeRestriction"})
"""Asked only when it is enabled, as in Kubernetes; clusters of several hosts enable it."""


def admission_plugins(
    *,
    tokens: bool,
    toleration_s: int,
    enable: Collection[str] = (),
    disable: Collection[str] = (),
) -> tuple[Admission, ...]:
    """What an API server asks: Kubernetes' defaults, more or less. Raise SettingsError."""
    makers = _makers(tokens=tokens, toleration_s=toleration_s)
    unknown = {*enable, *disable} - makers.keys()
    if unknown:
        known = ", ".join(makers)
        raise SettingsError(f"no admission plugin {', '.join(sorted(unknown))}; there are {known}")
    off = (OPTIONAL - set(enable)) | set(disable)
    return tuple(make() for name, make in makers.items() if name not in off)


def _makers(*, tokens: bool, toleration_s: int) -> Mapping[str, Callable[[], Admission]]:
    """The plugins by Kubernetes' names, in the order in which they are asked."""
    return {
        "NamespaceLifecycle": NamespaceLifecycle,
        "LimitRanger": LimitRanger,
        "ServiceAccount": partial(ServiceAccounts, tokens=tokens),
        "NodeRestriction": NodeRestriction,
        "TaintNodesByCondition": TaintNodesByCondition,
        "PodSecurity": PodSecurity,
        "PodTopologyLabels": PodTopologyLabels,
        "Priority": Priority,
        "DefaultTolerationSeconds": partial(DefaultTolerationSeconds, toleration_s),
        "DefaultStorageClass": DefaultStorageClass,
        "StorageObjectInUseProtection": StorageObjectInUseProtection,
        "PersistentVolumeClaimResize": ClaimResize,
        "RuntimeClass": RuntimeClasses,
        "DefaultIngressClass": DefaultIngressClass,
        # What is counted must be what is stored, so this is asked last.
        "ResourceQuota": ResourceQuotas,
    }
