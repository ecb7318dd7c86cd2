"""Where objects name others, so that who is renamed is still found."""

from collections.abc import Iterator
from typing import Any

from knarr.cli.kustomize.fields import pod_spec_of
from knarr.cli.kustomize.item import Item, Json, visit

_CONTAINERS = ("containers[]", "initContainers[]")
_OF_PODS: dict[str, tuple[str, ...]] = {
    "ConfigMap": (
        "volumes[]/configMap/name",
        "volumes[]/projected/sources[]/configMap/name",
        *(f"{one}/env[]/valueFrom/configMapKeyRef/name" for one in _CONTAINERS),
        *(f"{one}/envFrom[]/configMapRef/name" for one in _CONTAINERS),
    ),
    "Secret": (
        "volumes[]/secret/secretName",
        "volumes[]/projected/sources[]/secret/name",
        "imagePullSecrets[]/name",
        *(f"{one}/env[]/valueFrom/secretKeyRef/name" for one in _CONTAINERS),
        *(f"{one}/envFrom[]/secretRef/name" for one in _CONTAINERS),
    ),
    "ServiceAccount": ("serviceAccountName",),
    "PersistentVolumeClaim": ("volumes[]/persistentVolumeClaim/claimName",),
    "PriorityClass": ("priorityClassName",),
}
_OF_KINDS: dict[str, dict[str, tuple[str, ...]]] = {
    "Secret": {
        "Ingress": ("spec/tls[]/secretName",),
        "ServiceAccount": ("imagePullSecrets[]/name", "secrets[]/name"),
    },
    "Service": {
        "StatefulSet": ("spec/serviceName",),
        "Ingress": (
            "spec/rules[]/http/paths[]/backend/service/name",
            "spec/defaultBackend/service/name",
        ),
        "MutatingWebhookConfiguration": ("webhooks[]/clientConfig/service/name",),
        "ValidatingWebhookConfiguration": ("webhooks[]/clientConfig/service/name",),
        "APIService": ("spec/service/name",),
    },
    "PersistentVolume": {"PersistentVolumeClaim": ("spec/volumeName",)},
    "StorageClass": {
        "PersistentVolume": ("spec/storageClassName",),
        "PersistentVolumeClaim": ("spec/storageClassName",),
        "StatefulSet": ("spec/volumeClaimTemplates[]/spec/storageClassName",),
    },
    "IngressClass": {"Ingress": ("spec/ingressClassName",)},
}
_WITH_KIND = (
    ("HorizontalPodAutoscaler", "spec/scaleTargetRef"),
    ("RoleBinding", "roleRef"),
    ("ClusterRoleBinding", "roleRef"),
    ("RoleBinding", "subjects[]"),
    ("ClusterRoleBinding", "subjects[]"),
)
"""References that say the kind themselves."""

_RESOURCES = {"configmaps": "ConfigMap", "secrets": "Secret", "services": "Service"}


def fix(items: list[Item], before: list[tuple[str, str]]) -> None:
    """Make references follow: `before` has each item's name and namespace as they were."""
    moved: dict[tuple[str, str], list[tuple[str, Item]]] = {}
    for item, (name, namespace) in zip(items, before, strict=True):
        if (name, namespace) != (item.name, item.namespace):
            moved.setdefault((item.kind, name), []).append((namespace, item))
    if not moved:
        return
    for item, (_, namespace) in zip(items, before, strict=True):
        _follow(item, moved, namespace)


def _follow(item: Item, moved: dict[tuple[str, str], list[tuple[str, Item]]], space: str) -> None:
    """Change what one object says of others; `space` is the namespace it was in."""
    for kind, path in _paths(item.kind):
        visit(item.object, path, _Renamer(moved, kind, space).rename)
    for referring, path in _WITH_KIND:
        if referring == item.kind:
            visit(item.object, path, _Renamer(moved, "", space).rename_whole)
    if item.kind in ("Role", "ClusterRole"):
        _fix_rules(item.object, moved, space)


def _paths(kind: str) -> Iterator[tuple[str, str]]:
    spec = pod_spec_of(kind)
    if spec:
        for referred, paths in _OF_PODS.items():
            for path in paths:
                yield referred, f"{spec}/{path}"
    for referred, by_kind in _OF_KINDS.items():
        for path in by_kind.get(kind, ()):
            yield referred, path


class _Renamer:
    """Changes one reference to what its object is called now."""

    def __init__(
        self, moved: dict[tuple[str, str], list[tuple[str, Item]]], kind: str, namespace: str
    ) -> None:
        self._moved = moved
        self._kind = kind
        self._namespace = namespace

    def _found(self, kind: str, name: Any, namespace: str) -> Item | None:
        known = self._moved.get((kind, name), []) if isinstance(name, str) else []
        return next((item for space, item in known if space == namespace), None) or next(
            (item for space, item in known if not item.is_namespaced or not space), None
        )

    def rename(self, parent: Any, key: Any) -> None:
        """Of a field that is only the name."""
        found = self._found(self._kind, parent[key], self._namespace)
        if found is not None:
            parent[key] = found.name

    def rename_whole(self, parent: Any, key: Any) -> None:
        """Of a reference with kind, name and perhaps namespace."""
        ref = parent[key]
        if not isinstance(ref, dict):
            return
        namespace = str(ref.get("namespace", self._namespace) or "")
        found = self._found(str(ref.get("kind", "")), ref.get("name"), namespace)
        if found is None:
            return
        ref["name"] = found.name
        if ref.get("kind") == "ServiceAccount" and found.namespace:
            ref["namespace"] = found.namespace


def _fix_rules(
    role: Json, moved: dict[tuple[str, str], list[tuple[str, Item]]], namespace: str
) -> None:
    """Rename what rules name one by one."""
    for rule in role.get("rules") or []:
        kinds = [_RESOURCES[one] for one in rule.get("resources") or [] if one in _RESOURCES]
        for kind in kinds:
            visit(rule, "resourceNames[]", _Renamer(moved, kind, namespace).rename)
