"""What clients are told of objects that are good and yet hardly meant."""

from typing import Any

import pytest

from apiserver.strategies.address_warnings import cidr_warnings, ip_warnings
from apiserver.strategies.table import strategy_of
from tests.unit.apiserver.strategies.core.rules import KINDS, created, pod

AT = "spec.containers[0]"
NO_POD = "labelSelector: a null labelSelector results in matching no pod"
ZONE = "failure-domain.beta.kubernetes.io/zone"
BETTER = 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'


def warned(kind: str, manifest: dict[str, Any]) -> list[str]:
    return list(strategy_of(KINDS[kind]).warnings(created(kind, manifest), None))


def _affine(key: str) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": key, "operator": "Exists"}]}
    required = {"nodeSelectorTerms": [term]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def _noted(key: str) -> dict[str, Any]:
    return {**pod(), "metadata": {"name": "x", "annotations": {key: "y"}}}


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        (pod(), []),
        (pod(nodeSelector={ZONE: "a"}), [f"spec.nodeSelector[{ZONE}]: {BETTER}"]),
        (
            pod(affinity=_affine(ZONE)),
            [
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
                f"nodeSelectorTerms[0].matchExpressions[0].key: {ZONE} is {BETTER}"
            ],
        ),
        (
            pod(
                topologySpreadConstraints=[
                    {"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "ScheduleAnyway"}
                ]
            ),
            [f"spec.topologySpreadConstraints[0].{NO_POD}"],
        ),
        (
            pod(
                affinity={
                    "podAntiAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "z"}]
                    }
                }
            ),
            [
                "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]."
                + NO_POD
            ],
        ),
        (
            _noted("security.alpha.kubernetes.io/sysctls"),
            [
                "metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in "
                'v1.11+; use the "sysctls" field instead'
            ],
        ),
        (
            pod(imagePullSecrets=[{}]),
            ['spec.imagePullSecrets[0].name: invalid empty name ""'],
        ),
        (
            pod({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]}),
            [],
        ),
        (
            pod({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)"}]}),
            [
                f'{AT}.env[1]: hides previous definition of "A", '
                "which may be dropped when using apply"
            ],
        ),
        (
            pod(volumes=[{"name": "v", "rbd": {"monitors": ["m"], "image": "i"}}]),
            ["spec.volumes[0].rbd: deprecated in v1.28, non-functional in v1.31+"],
        ),
        (
            pod(hostAliases=[{"ip": "010.1.1.1"}]),
            [
                'spec.hostAliases[0].ip: non-standard IP address "010.1.1.1" will be considered '
                'invalid in a future Kubernetes release: use "10.1.1.1"'
            ],
        ),
    ],
)
def test_of_pods(manifest: dict[str, Any], told: list[str]) -> None:
    assert warned("Pod", manifest) == told


def test_old_profiles_are_told_of_templates_and_not_of_pods() -> None:
    key = "container.apparmor.security.beta.kubernetes.io/c"
    one = pod({"name": "c"})
    assert warned("Pod", {**one, "metadata": {"annotations": {key: "x"}}}) == []
    template = {"metadata": {"annotations": {key: "x"}}, "spec": one["spec"]}
    assert warned("PodTemplate", {"template": template}) == [
        f"template.metadata.annotations[{key}]: deprecated since v1.30; "
        'use the "appArmorProfile" field instead'
    ]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            {"trafficDistribution": "PreferClose"},
            ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
        ),
        (
            {"clusterIP": "None", "externalIPs": ["1.2.3.4"]},
            ["spec.externalIPs is ignored for headless services"],
        ),
        (
            {"type": "ExternalName", "externalName": "a.b", "externalIPs": ["1.2.3.4"]},
            ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
        ),
    ],
)
def test_of_services(spec: dict[str, Any], told: list[str]) -> None:
    assert warned("Service", {"spec": {"ports": [{"port": 80}], **spec}}) == told


def test_of_volumes_and_claims() -> None:
    annotations = {"volume.beta.kubernetes.io/storage-class": "x"}
    deprecated = (
        "metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; "
        'use "storageClassName" attribute instead'
    )
    volume = {"hostPath": {"path": "/x"}, "persistentVolumeReclaimPolicy": "Recycle"}
    assert warned(
        "PersistentVolume", {"metadata": {"annotations": annotations}, "spec": volume}
    ) == [
        deprecated,
        "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. "
        "Instead, the recommended approach is to use dynamic provisioning.",
    ]
    claim = {"resources": {"requests": {"storage": "100m"}}}
    assert warned("PersistentVolumeClaim", {"spec": claim}) == [
        'spec.resources.requests[storage]: fractional byte value "100m" is invalid, '
        "must be an integer"
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("1.2.3.4", ""),
        ("2001:db8::1", ""),
        ("::ffff:1.2.3.4", 'future Kubernetes release: use "1.2.3.4"'),
        ("2001:db8:0:0::1", 'should be in RFC 5952 canonical format ("2001:db8::1")'),
    ],
)
def test_addresses(value: str, told: str) -> None:
    found = list(ip_warnings(value, "at"))
    assert [one.endswith(told) for one in found] == ([True] if told else [])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("10.0.0.0/8", []),
        (
            "192.12.2.8/24",
            ['is ambiguous in this context (should be "192.12.2.0/24" or "192.12.2.8/32"?)'],
        ),
        ("192.12.2.0/024", ['future Kubernetes release: use "192.12.2.0/24"']),
        ("2001:db8:0:0::/64", ['in RFC 5952 canonical format ("2001:db8::/64")']),
    ],
)
def test_ranges(value: str, told: list[str]) -> None:
    found = list(cidr_warnings(value, "at"))
    assert len(found) == len(told)
    assert all(one.endswith(end) for one, end in zip(found, told, strict=True))
