"""The Go types that decoding errors name.

Messages such as `cannot unmarshal number into Go struct field
PodSpec.spec.restartPolicy of type v1.RestartPolicy` are part of the API's
behaviour; the table holds the fields whose Go type is more than a plain one.
"""

from collections.abc import Mapping

from knarr.api.shapes import Shape

_SCALARS: Mapping[str, str] = {
    "string": "string",
    "int32": "int32",
    "int64": "int64",
    "number": "float64",
    "bool": "bool",
    "base64": "[]uint8",
    "quantity": "resource.Quantity",
}

_NAMED: Mapping[tuple[str, str], str] = {
    ("Container", "imagePullPolicy"): "v1.PullPolicy",
    ("Container", "restartPolicy"): "v1.ContainerRestartPolicy",
    ("Container", "terminationMessagePolicy"): "v1.TerminationMessagePolicy",
    ("ContainerPort", "protocol"): "v1.Protocol",
    ("CronJobSpec", "concurrencyPolicy"): "v1.ConcurrencyPolicy",
    ("DaemonSetUpdateStrategy", "type"): "v1.DaemonSetUpdateStrategyType",
    ("DeploymentStrategy", "type"): "v1.DeploymentStrategyType",
    ("EmptyDirVolumeSource", "medium"): "v1.StorageMedium",
    ("HTTPGetAction", "scheme"): "v1.URIScheme",
    ("HostPathVolumeSource", "type"): "v1.HostPathType",
    ("JobSpec", "completionMode"): "v1.CompletionMode",
    ("LabelSelectorRequirement", "operator"): "v1.LabelSelectorOperator",
    ("NamespaceStatus", "phase"): "v1.NamespacePhase",
    ("NodeSelectorRequirement", "operator"): "v1.NodeSelectorOperator",
    ("ObjectMeta", "uid"): "types.UID",
    ("OwnerReference", "uid"): "types.UID",
    ("PersistentVolumeClaimSpec", "volumeMode"): "v1.PersistentVolumeMode",
    ("PersistentVolumeSpec", "persistentVolumeReclaimPolicy"): ("v1.PersistentVolumeReclaimPolicy"),
    ("PersistentVolumeSpec", "volumeMode"): "v1.PersistentVolumeMode",
    ("PodSpec", "dnsPolicy"): "v1.DNSPolicy",
    ("PodSpec", "preemptionPolicy"): "v1.PreemptionPolicy",
    ("PodSpec", "restartPolicy"): "v1.RestartPolicy",
    ("PodStatus", "phase"): "v1.PodPhase",
    ("PodStatus", "qosClass"): "v1.PodQOSClass",
    ("Secret", "type"): "v1.SecretType",
    ("ServicePort", "protocol"): "v1.Protocol",
    ("ServiceSpec", "externalTrafficPolicy"): "v1.ServiceExternalTrafficPolicy",
    ("ServiceSpec", "internalTrafficPolicy"): "v1.ServiceInternalTrafficPolicy",
    ("ServiceSpec", "ipFamilyPolicy"): "v1.IPFamilyPolicy",
    ("ServiceSpec", "sessionAffinity"): "v1.ServiceAffinity",
    ("ServiceSpec", "type"): "v1.ServiceType",
    ("StatefulSetSpec", "podManagementPolicy"): "v1.PodManagementPolicyType",
    ("StatefulSetUpdateStrategy", "type"): "v1.StatefulSetUpdateStrategyType",
    ("Taint", "effect"): "v1.TaintEffect",
    ("Toleration", "effect"): "v1.TaintEffect",
    ("Toleration", "operator"): "v1.TolerationOperator",
    ("TopologySpreadConstraint", "whenUnsatisfiable"): "v1.UnsatisfiableConstraintAction",
    ("VolumeMount", "mountPropagation"): "v1.MountPropagationMode",
}


def go_type(shape: Shape, struct: str = "", field: str = "") -> str:
    """The type that messages name for a value, which may stand in a field of a struct."""
    if shape.kind == "string" and (struct, field) in _NAMED:
        return _NAMED[struct, field]
    if shape.item is not None:
        if shape.kind == "list":
            return f"[]{go_type(shape.item)}"
        if shape.item.kind == "quantity":
            return "v1.ResourceList"
        return f"map[string]{go_type(shape.item)}"
    if shape.struct is not None:
        module, name = shape.struct.__module__, shape.struct.__name__
        is_second = module == "knarr.api.autoscaling.horizontal_pod_autoscaler"
        return f"{'v2' if is_second else 'v1'}.{name.removesuffix('V1')}"
    return _SCALARS.get(shape.kind, "")
