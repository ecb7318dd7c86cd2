"""What Kubernetes' conformance tests ask of the kinds of nodes and storage, over REST."""

from pathlib import Path
from typing import Any

import pytest

from tests.component.apiserver.test_conformance import MERGE, answer, events
from tests.component.apiserver.test_rest import client, create

CORE = "/api/v1/namespaces/default"
STORAGE = "/apis/storage.k8s.io/v1"
DRA = "/apis/resource.k8s.io/v1"
POD = {"containers": [{"name": "c", "image": "web:1"}], "restartPolicy": "Never"}
DEVICES = {"devices": {"requests": [{"name": "r", "exactly": {"deviceClassName": "gpu"}}]}}
SLICE = {
    "driver": "gpu.example.com",
    "nodeName": "n",
    "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
    "devices": [{"name": "gpu-0"}],
}
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
VOLUME = {
    "accessModes": ["ReadWriteOnce"],
    "capacity": {"storage": "1Gi"},
    "hostPath": {"path": "/srv"},
}
ATTACHED = {
    "attacher": "csi.example.com",
    "nodeName": "n",
    "source": {"persistentVolumeName": "v"},
}


@pytest.mark.conformance(
    "[sig-node] ConfigMap should run through a ConfigMap lifecycle",
    "[sig-node] ConfigMap should update ConfigMap successfully [NodeConformance]",
    "[sig-node] Lease lease API should be available",
    "[sig-node] PodTemplates should delete a collection of pod templates",
    "[sig-node] PodTemplates should replace a pod template",
    "[sig-node] PodTemplates should run the lifecycle of PodTemplates",
    "[sig-node] Pods should delete a collection of pods",
    "[sig-node] RuntimeClass should support RuntimeClasses API operations",
    "[sig-node] Secrets should patch a secret",
    "[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 DeviceClass",
    "[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim",
    "[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate",
    "[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice",
    "[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver",
    "[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode",
    "[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations",
    "[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and "
    "a PVC",
    "[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a "
    "StorageClass",
    "[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a "
    "VolumeAttachment",
    "[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through "
    "the lifecycle of a VolumeAttributesClass",
)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{CORE}/configmaps", {"data": {"k": "v"}}),
        (f"{CORE}/secrets", {"data": {"k": "dg=="}}),
        (f"{CORE}/podtemplates", {"template": {"spec": POD}}),
        (f"{CORE}/pods", {"spec": POD}),
        (f"{CORE}/persistentvolumeclaims", {"spec": CLAIM}),
        ("/api/v1/persistentvolumes", {"spec": VOLUME}),
        (
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            {"spec": {"holderIdentity": "me", "leaseDurationSeconds": 30}},
        ),
        ("/apis/node.k8s.io/v1/runtimeclasses", {"handler": "fast"}),
        (f"{DRA}/deviceclasses", {"spec": {"selectors": [{"cel": {"expression": "true"}}]}}),
        (f"{DRA}/namespaces/default/resourceclaims", {"spec": DEVICES}),
        (f"{DRA}/namespaces/default/resourceclaimtemplates", {"spec": {"spec": DEVICES}}),
        (f"{DRA}/resourceslices", {"spec": SLICE}),
        (f"{STORAGE}/csidrivers", {"spec": {"attachRequired": False}}),
        (f"{STORAGE}/csinodes", {"spec": {"drivers": []}}),
        (f"{STORAGE}/namespaces/default/csistoragecapacities", {"storageClassName": "fast"}),
        (f"{STORAGE}/storageclasses", {"provisioner": "csi.example.com"}),
        (f"{STORAGE}/volumeattachments", {"spec": ATTACHED}),
        (
            f"{STORAGE}/volumeattributesclasses",
            {"driverName": "csi.example.com", "parameters": {"iops": "100"}},
        ),
    ],
)
async def test_a_kind_of_nodes_or_storage_has_all_operations(
    tmp_path: Path, path: str, body: Any
) -> None:
    async with client(tmp_path) as session:
        await create(session, f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
        for name in ("a", "b", "c"):
            meta = {"name": name, "labels": {"t": "x"}}
            await create(session, path, {"metadata": meta, **body})
        mine = f"{path}?labelSelector=t=x"
        found = await answer(session, "GET", mine)
        assert [one["metadata"]["name"] for one in found["items"]] == ["a", "b", "c"]
        start = found["metadata"]["resourceVersion"]
        for change in ({"annotations": {"patched": "true"}}, {"finalizers": None}):
            for name in ("a", "b", "c"):
                patch = {"metadata": change}
                await answer(session, "PATCH", f"{path}/{name}", json=patch, headers=MERGE)
        shown = await answer(session, "GET", f"{path}/a")
        assert shown["metadata"]["annotations"]["patched"] == "true"
        shown["metadata"]["annotations"]["updated"] = "true"
        await answer(session, "PUT", f"{path}/a", json=shown)
        await answer(session, "DELETE", f"{path}/a?gracePeriodSeconds=0")
        async with session.get(f"{path}/a") as gone:
            assert gone.status == 404
        watched = await events(session, f"{mine}&watch=1&resourceVersion={start}", 1)
        assert watched == [("MODIFIED", "a")]
        await answer(session, "DELETE", f"{mine}&gracePeriodSeconds=0")
        assert (await answer(session, "GET", mine))["items"] == []


@pytest.mark.conformance(
    "[sig-node] ConfigMap should fail to create ConfigMap with empty key",
    "[sig-node] Secrets should fail to create secret due to empty secret key",
    "[sig-storage] ConfigMap should be immutable if `immutable` field is set",
    "[sig-storage] Secrets should be immutable if `immutable` field is set",
)
@pytest.mark.parametrize(("plural", "value"), [("configmaps", "v"), ("secrets", "dg==")])
async def test_keys_have_names_and_what_is_immutable_stays(
    tmp_path: Path, plural: str, value: str
) -> None:
    path = f"{CORE}/{plural}"
    async with client(tmp_path) as session:
        bad = {"metadata": {"name": "bad"}, "data": {"": value}}
        await answer(session, "POST", path, json=bad, code=422)
        await create(session, path, {"metadata": {"name": "m"}, "data": {"k": value}})
        change = {"data": {"k": "eA=="}}
        await answer(session, "PATCH", f"{path}/m", json=change, headers=MERGE)
        fixed = {"immutable": True}
        await answer(session, "PATCH", f"{path}/m", json=fixed, headers=MERGE)
        for refused in ({"immutable": False}, {"immutable": None}, {"data": {"k": value}}):
            await answer(session, "PATCH", f"{path}/m", json=refused, headers=MERGE, code=422)
        labels = {"metadata": {"labels": {"a": "b"}}}
        await answer(session, "PATCH", f"{path}/m", json=labels, headers=MERGE)
        await answer(session, "DELETE", f"{path}/m")


@pytest.mark.conformance(
    "[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status",
    "[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status",
)
@pytest.mark.parametrize(
    ("path", "spec", "status"),
    [
        ("/api/v1/persistentvolumes", VOLUME, {"message": "told", "reason": "Why"}),
        (f"{CORE}/persistentvolumeclaims", CLAIM, {"phase": "Lost"}),
        (f"{STORAGE}/volumeattachments", ATTACHED, {"attached": True}),
    ],
)
async def test_the_status_is_changed_apart(
    tmp_path: Path, path: str, spec: Any, status: Any
) -> None:
    async with client(tmp_path) as session:
        await create(session, path, {"metadata": {"name": "s"}, "spec": spec})
        change = {"status": status, "metadata": {"annotations": {"a": "b"}}}
        await answer(session, "PATCH", f"{path}/s/status", json=change, headers=MERGE)
        shown = await answer(session, "GET", f"{path}/s/status")
        assert status.items() <= shown["status"].items()
        shown["metadata"]["annotations"]["c"] = "d"
        replaced = await answer(session, "PUT", f"{path}/s/status", json=shown)
        assert status.items() <= replaced["status"].items()


@pytest.mark.conformance(
    "[sig-node] RuntimeClass should reject a Pod requesting a deleted RuntimeClass "
    "[NodeConformance]",
    "[sig-node] RuntimeClass should reject a Pod requesting a non-existent RuntimeClass "
    "[NodeConformance]",
    "[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass and initialize its "
    "Overhead [NodeConformance]",
    "[sig-node] RuntimeClass should schedule a Pod requesting a RuntimeClass without PodOverhead "
    "[NodeConformance]",
    "[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API",
)
async def test_a_pod_has_the_overhead_of_its_runtime_class(tmp_path: Path) -> None:
    classes = "/apis/node.k8s.io/v1/runtimeclasses"
    async with client(tmp_path) as session:
        await create(session, f"{CORE}/serviceaccounts", {"metadata": {"name": "default"}})
        overhead = {"podFixed": {"cpu": "10m", "memory": "1Mi"}}
        await create(session, classes, {"metadata": {"name": "plain"}, "handler": "h"})
        heavy = {"metadata": {"name": "heavy"}, "handler": "h", "overhead": overhead}
        await create(session, classes, heavy)

        def pod(name: str) -> dict[str, Any]:
            return {"metadata": {"name": name}, "spec": {**POD, "runtimeClassName": name}}

        made = await create(session, f"{CORE}/pods", pod("heavy"))
        assert made["spec"]["overhead"] == overhead["podFixed"]
        made = await create(session, f"{CORE}/pods", pod("plain"))
        assert "overhead" not in made["spec"]
        await answer(session, "DELETE", f"{classes}/plain")
        await answer(session, "DELETE", f"{CORE}/pods/plain?gracePeriodSeconds=0")
        for name in ("plain", "never"):
            await answer(session, "POST", f"{CORE}/pods", json=pod(name), code=403)

        inline = {"name": "v", "csi": {"driver": "csi.example.com", "readOnly": True}}
        spec = {**POD, "volumes": [inline]}
        made = await create(session, f"{CORE}/pods", {"metadata": {"name": "i"}, "spec": spec})
        assert made["spec"]["volumes"][0]["csi"]["driver"] == "csi.example.com"


@pytest.mark.conformance("[sig-node] Node Lifecycle should run through the lifecycle of a node")
async def test_a_node_lives_and_goes(tmp_path: Path) -> None:
    nodes = "/api/v1/nodes"
    async with client(tmp_path) as session:
        await create(session, nodes, {"metadata": {"name": "n", "labels": {"t": "x"}}})
        patch = {"metadata": {"labels": {"patched": "true"}}}
        await answer(session, "PATCH", f"{nodes}/n", json=patch, headers=MERGE)
        condition = {"type": "Extra", "status": "True", "reason": "Test", "message": "told"}
        status = {"status": {"conditions": [condition]}}
        await answer(session, "PATCH", f"{nodes}/n/status", json=status, headers=MERGE)
        shown = await answer(session, "GET", f"{nodes}/n")
        assert shown["metadata"]["labels"]["patched"] == "true"
        assert shown["status"]["conditions"][0]["reason"] == "Test"
        shown["metadata"]["labels"]["updated"] = "true"
        await answer(session, "PUT", f"{nodes}/n", json=shown)
        await answer(session, "DELETE", f"{nodes}?labelSelector=updated=true")
        assert (await answer(session, "GET", nodes))["items"] == []
