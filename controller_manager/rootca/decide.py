"""What the ConfigMap with the root certificate must say."""

from msgspec.structs import replace

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.namespace import Namespace
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan

NAME = "kube-root-ca.crt"
"""The name that every pod's token volume asks for."""

_DESCRIPTION = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
    "guaranteed across distributions of Kubernetes clusters."
)
_ANNOTATIONS = {"kubernetes.io/description": _DESCRIPTION}


def decide(namespace: Namespace, existing: ConfigMap | None, *, root_ca: str) -> Plan:
    """Make the ConfigMap, or put right what somebody changed in it."""
    if namespace.metadata.deletion_timestamp is not None:
        return Plan()
    data = {"ca.crt": root_ca}
    if existing is None:
        metadata = ObjectMeta(
            name=NAME, namespace=namespace.metadata.name, annotations=_ANNOTATIONS
        )
        return Plan(ensure=(ConfigMap(metadata=metadata, data=data),))
    annotations = {**existing.metadata.annotations, **_ANNOTATIONS}
    wanted = replace(
        existing, data=data, metadata=replace(existing.metadata, annotations=annotations)
    )
    return Plan(update=() if wanted == existing else (wanted,))
