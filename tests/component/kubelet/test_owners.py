"""Who may write to the volumes of a pod that has a group of its own."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import made, main_pod, output

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLASSLESS = "storageClassName: '', accessModes: [ReadWriteOnce], capacity: {storage: 1Mi}"
CLAIM = "storageClassName: '', accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}"


async def test_whoever_may_write_to_a_volume_may_write_to_its_parts(world: World) -> None:
    spec = """
securityContext: {runAsUser: 1000, fsGroup: 2000}
volumes: [{name: v, emptyDir: {}}]
"""
    mounts = """
env: [{name: PART, value: a/b}]
volumeMounts: [{name: v, mountPath: /v, subPathExpr: $(PART)}]
"""
    wanted = main_pod("parts", "touch /v/x && stat -c '%a %g' /v /v/x", mounts, spec)
    assert await output(world.client, world.kubelet, wanted) == "2777 2000\n644 2000\n"


async def test_the_group_of_a_pod_owns_what_was_in_a_claim_before(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "dir").mkdir()
    for name in ("old", "dir/old"):
        (tmp_path / name).write_text("mine")
        (tmp_path / name).chmod(0o600)
    spec = f"{{hostPath: {{path: {tmp_path}}}, {CLASSLESS}}}"
    volume = f"{{metadata: {{name: owned, namespace: ''}}, spec: {spec}}}"
    await world.client.create(made(PersistentVolume, volume))
    claim = f"{{metadata: {{name: owned}}, spec: {{volumeName: owned, {CLAIM}}}}}"
    bound = await world.client.create(made(PersistentVolumeClaim, claim))
    status = replace(bound, status=replace(bound.status, phase="Bound"))
    await world.client.update(status, subresource="status")
    spec = """
securityContext: {runAsUser: 1000, fsGroup: 2000}
volumes: [{name: v, persistentVolumeClaim: {claimName: owned}}]
"""
    mounts = "volumeMounts: [{name: v, mountPath: /v}]"
    script = "cd /v; cat old dir/old; stat -c '%a %g' old dir/old dir; touch dir/new"
    told = await output(world.client, world.kubelet, main_pod("owner", script, mounts, spec))
    assert told == "minemine660 2000\n660 2000\n2775 2000\n"
