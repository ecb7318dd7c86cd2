"""Old spellings of API versions, and what the server says about aging ones.

Tutorials and charts still name versions that Kubernetes has given up. A row
maps such a version to the one stored here; where the stored form differs
(an old Ingress backend, say) `converted` rewrites the plain object.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

Plain = dict[str, Any]


class Alias(Struct, frozen=True):
    """A kind's old version, and the version that took its place."""

    group: str
    version: str
    kind: str
    stored_group: str
    stored_version: str
    deprecated_in: str
    removed_in: str

    @property
    def warning(self) -> str:
        """What the answer's Warning header says."""
        old = f"{self.group}/{self.version} {self.kind}"
        stored = f"{self.stored_group}/{self.stored_version} {self.kind}"
        return (
            f"{old} is deprecated in {self.deprecated_in}+, "
            f"unavailable in {self.removed_in}+; use {stored}"
        )


def _apps(version: str) -> tuple[Alias, ...]:
    kinds = ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")
    return tuple(Alias("apps", version, kind, "apps", "v1", "v1.9", "v1.16") for kind in kinds)


def _same(group: str, version: str, since: str, until: str, *kinds: str) -> tuple[Alias, ...]:
    return tuple(Alias(group, version, kind, group, "v1", since, until) for kind in kinds)


_RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_HPA = "HorizontalPodAutoscaler"

ALIASES: tuple[Alias, ...] = (
    *_apps("v1beta1"),
    *_apps("v1beta2"),
    Alias("extensions", "v1beta1", "DaemonSet", "apps", "v1", "v1.9", "v1.16"),
    Alias("extensions", "v1beta1", "Deployment", "apps", "v1", "v1.9", "v1.16"),
    Alias("extensions", "v1beta1", "ReplicaSet", "apps", "v1", "v1.9", "v1.16"),
    Alias("extensions", "v1beta1", "Ingress", "networking.k8s.io", "v1", "v1.14", "v1.22"),
    Alias("extensions", "v1beta1", "NetworkPolicy", "networking.k8s.io", "v1", "v1.9", "v1.16"),
    *_same("networking.k8s.io", "v1beta1", "v1.19", "v1.22", "Ingress", "IngressClass"),
    *_same("networking.k8s.io", "v1beta1", "v1.33", "v1.37", "IPAddress", "ServiceCIDR"),
    *_same("batch", "v1beta1", "v1.21", "v1.25", "CronJob"),
    *_same("policy", "v1beta1", "v1.21", "v1.25", "PodDisruptionBudget"),
    Alias("autoscaling", "v2beta1", _HPA, "autoscaling", "v2", "v1.22", "v1.25"),
    Alias("autoscaling", "v2beta2", _HPA, "autoscaling", "v2", "v1.23", "v1.26"),
    *_same("discovery.k8s.io", "v1beta1", "v1.21", "v1.25", "EndpointSlice"),
    *_same("events.k8s.io", "v1beta1", "v1.19", "v1.25", "Event"),
    *_same("coordination.k8s.io", "v1beta1", "v1.14", "v1.22", "Lease"),
    *_same("scheduling.k8s.io", "v1beta1", "v1.14", "v1.22", "PriorityClass"),
    *_same("node.k8s.io", "v1beta1", "v1.22", "v1.25", "RuntimeClass"),
    *_same("rbac.authorization.k8s.io", "v1beta1", "v1.17", "v1.22", *_RBAC),
    *_same("admissionregistration.k8s.io", "v1beta1", "v1.16", "v1.22", *_WEBHOOKS),
    *_same("apiextensions.k8s.io", "v1beta1", "v1.16", "v1.22", "CustomResourceDefinition"),
    *_same("apiregistration.k8s.io", "v1beta1", "v1.19", "v1.22", "APIService"),
    *_same("certificates.k8s.io", "v1beta1", "v1.19", "v1.22", "CertificateSigningRequest"),
    *_same("storage.k8s.io", "v1beta1", "v1.19", "v1.22", "StorageClass", "VolumeAttachment"),
    *_same("storage.k8s.io", "v1beta1", "v1.19", "v1.22", "CSIDriver"),
    *_same("storage.k8s.io", "v1beta1", "v1.17", "v1.22", "CSINode"),
    *_same("storage.k8s.io", "v1beta1", "v1.24", "v1.27", "CSIStorageCapacity"),
)

_BY_OLD = {(alias.group, alias.version, alias.kind): alias for alias in ALIASES}

_DEPRECATED: Mapping[tuple[str, str, str], str] = {
    ("", "v1", "ComponentStatus"): "v1 ComponentStatus is deprecated in v1.19+",
    ("", "v1", "Endpoints"): (
        "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    ),
}


def alias_of(group: str, version: str, kind: str) -> Alias | None:
    """The row for an old spelling, None when it is not one."""
    return _BY_OLD.get((group, version, kind))


def deprecation(group: str, version: str, kind: str) -> str | None:
    """The warning that every use of a served kind carries, None for almost all."""
    return _DEPRECATED.get((group, version, kind))


def converted(alias: Alias, plain: Plain) -> Plain:
    """The object in its stored version; the one handed in stays as it is."""
    stored = {**plain, "apiVersion": f"{alias.stored_group}/{alias.stored_version}"}
    convert = _CONVERSIONS.get(alias.kind)
    return convert(stored) if convert is not None else stored


def _workload(plain: Plain) -> Plain:
    # Before apps/v1 the selector was taken from the template when left out.
    spec = plain.get("spec")
    if not isinstance(spec, dict) or spec.get("selector"):
        return plain
    labels = spec.get("template", {}).get("metadata", {}).get("labels")
    if not labels:
        return plain
    kept = {name: value for name, value in spec.items() if name != "rollbackTo"}
    return {**plain, "spec": {**kept, "selector": {"matchLabels": labels}}}


def _ingress(plain: Plain) -> Plain:
    spec = dict(plain.get("spec") or {})
    if "backend" in spec:
        spec["defaultBackend"] = _backend(spec.pop("backend"))
    if spec.get("rules"):
        spec["rules"] = [_ingress_rule(rule) for rule in spec["rules"]]
    return {**plain, "spec": spec}


def _ingress_rule(rule: Plain) -> Plain:
    paths = (rule.get("http") or {}).get("paths")
    if not paths:
        return rule
    rewritten = [
        {"pathType": "ImplementationSpecific", **path, "backend": _backend(path.get("backend", {}))}
        for path in paths
    ]
    return {**rule, "http": {**rule["http"], "paths": rewritten}}


def _backend(backend: Plain) -> Plain:
    if "serviceName" not in backend:
        return backend
    port = backend.get("servicePort")
    named = {"name": port} if isinstance(port, str) else {"number": port}
    kept = {
        name: value for name, value in backend.items() if name not in ("serviceName", "servicePort")
    }
    return {**kept, "service": {"name": backend["serviceName"], "port": named}}


_CONVERSIONS: Mapping[str, Callable[[Plain], Plain]] = {
    "DaemonSet": _workload,
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "StatefulSet": _workload,
    "Ingress": _ingress,
}
