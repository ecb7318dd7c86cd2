"""Holds pods against the Pod Security level that labels of their namespace ask for."""

from collections.abc import Mapping
from typing import Any, ClassVar

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from apiserver.admission.pod_security_rules import broken
from apiserver.admission.refusal import refusal
from knarr.api.core.namespace import Namespace
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.field_errors import FieldError, invalid, invalid_error

_PREFIX = "pod-security.kubernetes.io/"
_LEVELS = ("privileged", "baseline", "restricted")
_MODES = ("enforce", "audit", "warn")

_WORKLOADS = frozenset(
    {
        ("apps", "daemonsets"),
        ("apps", "deployments"),
        ("apps", "replicasets"),
        ("apps", "statefulsets"),
        ("batch", "cronjobs"),
        ("batch", "jobs"),
        ("", "podtemplates"),
        ("", "replicationcontrollers"),
    }
)


class PodSecurity(Admission):
    """Refuses pods that break the enforced level, and warns of what breaks the other."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE", "UPDATE"})
    interests: ClassVar[frozenset[Interest]] = _WORKLOADS | {("", "pods"), ("", "namespaces")}

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Look at a namespace's labels, a pod or a workload's pods."""
        if attributes.kind.plural == "namespaces":
            _check_labels(attributes)
            return
        if attributes.old is not None and isinstance(attributes.object, Pod):
            return  # What matters of a pod's spec cannot change.
        namespace: Namespace | None = view.get(Namespace, "", attributes.namespace)
        if namespace is None:
            return
        labels = namespace.metadata.labels
        spec = _pod_spec(attributes.object)
        if spec is None or not any(key.startswith(_PREFIX) for key in labels):
            return
        if isinstance(attributes.object, Pod) and (told := _told(spec, labels, "enforce")):
            raise refusal(attributes, f"violates {told}")
        if told := _told(spec, labels, "warn"):
            attributes.warnings.append(f"would violate {told}")


def _told(spec: PodSpec, labels: Mapping[str, str], mode: str) -> str:
    """What a pod breaks of the level a namespace asks for in some mode."""
    level = labels.get(f"{_PREFIX}{mode}", "")
    if level not in _LEVELS:
        return ""
    told = broken(spec, level)
    version = labels.get(f"{_PREFIX}{mode}-version", "latest")
    return f'PodSecurity "{level}:{version}": {", ".join(told)}' if told else ""


def _check_labels(attributes: Attributes) -> None:
    meta = attributes.object.metadata
    before = attributes.old.metadata.labels if attributes.old is not None else {}
    errors: list[FieldError] = []
    for mode in _MODES:
        key = f"{_PREFIX}{mode}"
        level = meta.labels.get(key)
        if level is not None and level not in _LEVELS and before.get(key) != level:
            why = f"must be one of {', '.join(_LEVELS)}"
            errors.append(invalid(f"metadata.labels[{key}]", level, why))
    if errors:
        raise invalid_error("", "Namespace", meta.name, errors)


def _pod_spec(obj: Any) -> PodSpec | None:
    if isinstance(obj, Pod):
        return obj.spec
    template = getattr(obj, "template", None) or getattr(obj.spec, "template", None)
    if template is None:
        template = obj.spec.job_template.spec.template
    found: PodSpec | None = getattr(template, "spec", None)
    return found
