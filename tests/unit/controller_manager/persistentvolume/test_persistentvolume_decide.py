"""How claims and volumes come together, and part."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.ephemeralvolume.decide import decide as decide_ephemeral
from controller_manager.persistentvolume.claim import BIND_COMPLETED, decide_claim
from controller_manager.persistentvolume.folders import remove_folder
from controller_manager.persistentvolume.matching import best_match
from controller_manager.persistentvolume.provisioning import (
    PROVISIONED_BY,
    PROVISIONER,
    reference_to,
)
from controller_manager.persistentvolume.volume import decide_volume
from controller_manager.volumeprotection.decide import CLAIM_FINALIZER
from controller_manager.volumeprotection.decide import decide_claim as decide_protection
from knarr.api.core.persistent_volume import (
    PersistentVolume,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
)
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
    PersistentVolumeClaimTemplate,
)
from knarr.api.core.resources import VolumeResourceRequirements
from knarr.api.core.volume import Volume
from knarr.api.core.volume_source import EphemeralVolumeSource, HostPathVolumeSource
from knarr.api.plan import Plan
from knarr.api.scalars import Quantity
from knarr.api.storage.storage_class import StorageClass
from knarr.api.storage_classes import BETA_CLASS
from tests.builders import NOW, metadata, pod


def claim(name: str = "c", size: str = "1Gi", **spec: Any) -> PersistentVolumeClaim:
    return PersistentVolumeClaim(
        metadata=metadata(name),
        spec=PersistentVolumeClaimSpec(
            access_modes=("ReadWriteOnce",),
            resources=VolumeResourceRequirements(requests={"storage": Quantity(size)}),
            storage_class_name="sc",
            **spec,
        ),
        status=PersistentVolumeClaimStatus(phase="Pending"),
    )


def volume(
    name: str, size: str = "1Gi", *, phase: str = "Available", **spec: Any
) -> PersistentVolume:
    return PersistentVolume(
        metadata=metadata(name),
        spec=PersistentVolumeSpec(
            capacity={"storage": Quantity(size)},
            access_modes=("ReadWriteOnce",),
            storage_class_name="sc",
            **spec,
        ),
        status=PersistentVolumeStatus(phase=phase),
    )


def storage_class(provisioner: str, mode: str = "Immediate") -> StorageClass:
    return StorageClass(metadata=metadata("sc"), provisioner=provisioner, volume_binding_mode=mode)


def reasons(plan: Plan) -> list[str]:
    return [notice.reason for notice in plan.notices]


def test_binds_both_ways() -> None:
    plan = decide_claim(claim(), None, [volume("big", "5Gi"), volume("a")], None)
    bound, changed = plan.update
    assert isinstance(bound, PersistentVolume)
    assert isinstance(changed, PersistentVolumeClaim)
    assert bound.metadata.name == "a", "the smallest that suits"
    assert bound.spec.claim_ref is not None
    assert bound.spec.claim_ref.uid == "uid-c"
    assert changed.spec.volume_name == "a"
    assert changed.metadata.annotations[BIND_COMPLETED] == "yes"
    after = decide_claim(changed, bound, [], None).status
    assert isinstance(after, PersistentVolumeClaim)
    assert (after.status.phase, after.status.capacity) == ("Bound", {"storage": "1Gi"})
    told = decide_volume(bound, changed, now=NOW).status
    assert isinstance(told, PersistentVolume)
    assert told.status.phase == "Bound"


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        pytest.param(claim(size="2Gi"), volume("a"), id="too small"),
        pytest.param(claim(volume_mode="Block"), volume("a"), id="another mode"),
        pytest.param(claim(), volume("a", phase="Released"), id="holds the data of another"),
        pytest.param(
            claim(), volume("a", claim_ref=reference_to(claim("other"))), id="is reserved"
        ),
    ],
)
def test_does_not_bind_what_does_not_suit(
    wanted: PersistentVolumeClaim, offered: PersistentVolume
) -> None:
    assert best_match(wanted, [offered], only_reserved=False) is None


def test_the_annotation_of_old_names_the_class() -> None:
    old = claim()
    meta = replace(old.metadata, annotations={BETA_CLASS: "sc"})
    old = replace(old, metadata=meta, spec=replace(old.spec, storage_class_name=None))
    assert best_match(old, [volume("a")], only_reserved=False) is not None
    assert reasons(decide_claim(old, None, [], None)) == ["ProvisioningFailed"]


def made_here(size: str, root: str = "/volumes") -> PersistentVolume:
    """A volume that the built-in provisioner made for the claim `c`, which is bound to it."""
    made = volume("pvc-uid-c", size, phase="Bound", claim_ref=reference_to(claim()))
    source = HostPathVolumeSource(path=f"{root}/pvc-uid-c")
    meta = replace(made.metadata, annotations={PROVISIONED_BY: PROVISIONER})
    return replace(made, metadata=meta, spec=replace(made.spec, host_path=source))


def test_a_claim_that_asks_for_more_gets_it_where_volumes_are_made_here() -> None:
    bound = claim(size="3Gi", volume_name="pvc-uid-c")
    bound = replace(
        bound,
        metadata=replace(bound.metadata, annotations={BIND_COMPLETED: "yes"}),
        status=PersistentVolumeClaimStatus(phase="Bound", capacity={"storage": Quantity("1Gi")}),
    )
    plan = decide_claim(bound, made_here("1Gi"), [], None)
    (larger,) = plan.update
    assert isinstance(larger, PersistentVolume)
    assert isinstance(plan.status, PersistentVolumeClaim)
    assert larger.spec.capacity == plan.status.status.capacity == {"storage": "3Gi"}
    assert reasons(plan) == ["VolumeResizeSuccessful"]
    elsewhere = replace(made_here("1Gi"), metadata=metadata("pvc-uid-c"))
    assert not decide_claim(bound, elsewhere, [], None).update


async def test_the_folder_goes_with_a_volume_that_was_made_here(tmp_path: Path) -> None:
    root = str(tmp_path)
    mine, other = tmp_path / "pvc-uid-c", tmp_path / "other"
    for folder in (mine, other):
        folder.mkdir()
        (folder / "data").write_text("data")
    liar = replace(made_here("1Gi", root), metadata=metadata("other"))
    assert await remove_folder(liar, root) == ""
    of_another = made_here("1Gi", root)
    pointed = replace(of_another.spec, host_path=HostPathVolumeSource(path=str(other)))
    assert await remove_folder(replace(of_another, spec=pointed), root) == ""
    assert other.exists(), "only what was made for the volume is removed"
    assert await remove_folder(of_another, root) == ""
    assert not mine.exists()
    assert await remove_folder(of_another, root) == "", "what is gone is gone"
    mine.write_text("no folder")
    assert (await remove_folder(of_another, root)).endswith("Not a directory")


def test_says_why_a_chosen_volume_does_not_suit() -> None:
    plan = decide_claim(claim(size="5Gi", volume_name="a"), volume("a"), [], None)
    (notice,) = plan.notices
    assert notice.message == 'Cannot bind to requested volume "a": requested PV is too small'


@pytest.mark.parametrize(
    ("of", "reason"),
    [
        pytest.param(None, "ProvisioningFailed", id="no such class"),
        pytest.param(
            storage_class("kubernetes.io/no-provisioner"), "ProvisioningFailed", id="nobody"
        ),
        pytest.param(storage_class("example.com/x"), "ExternalProvisioning", id="somebody else"),
        pytest.param(storage_class(PROVISIONER), "ProvisioningSucceeded", id="we ourselves"),
        pytest.param(
            storage_class(PROVISIONER, "WaitForFirstConsumer"), "WaitForFirstConsumer", id="later"
        ),
    ],
)
def test_asks_for_a_volume(of: StorageClass | None, reason: str) -> None:
    plan = decide_claim(claim(), None, [], of, root="/data")
    assert reasons(plan) == [reason]
    for made in plan.ensure:
        assert isinstance(made, PersistentVolume)
        assert made.spec.host_path is not None
        assert made.spec.host_path.path == "/data/pvc-uid-c"


def test_a_claim_without_its_volume_is_lost() -> None:
    bound = claim(volume_name="a")
    bound = replace(bound, metadata=replace(bound.metadata, annotations={BIND_COMPLETED: "yes"}))
    plan = decide_claim(bound, None, [], None)
    assert isinstance(plan.status, PersistentVolumeClaim)
    assert plan.status.status == PersistentVolumeClaimStatus(phase="Lost")
    assert reasons(plan) == ["ClaimLost"]


@pytest.mark.parametrize(
    ("left", "deleted", "phase"),
    [
        pytest.param({}, False, None, id="kept by default"),
        pytest.param({"path": "/data/x"}, False, "Failed", id="not any folder of the host"),
        pytest.param({"path": "/tmp/x"}, True, None, id="but one made for tests"),
        pytest.param({"path": "/data/x", "ours": "yes"}, True, None, id="and one made here"),
    ],
)
def test_takes_back_what_claims_leave(
    left: dict[str, str], deleted: bool, phase: str | None
) -> None:
    found = volume("a", phase="Released", claim_ref=reference_to(claim()))
    if left:
        path = HostPathVolumeSource(path=left["path"])
        spec = replace(found.spec, host_path=path, persistent_volume_reclaim_policy="Delete")
        found = replace(found, spec=spec)
    if "ours" in left:
        annotations = {PROVISIONED_BY: PROVISIONER}
        found = replace(found, metadata=replace(found.metadata, annotations=annotations))
    plan = decide_volume(found, None, now=NOW)
    assert bool(plan.delete) == deleted
    told = plan.status.status.phase if isinstance(plan.status, PersistentVolume) else None
    assert told == phase


def test_a_claim_stays_while_a_pod_uses_it() -> None:
    going = claim()
    going = replace(
        going,
        metadata=replace(
            going.metadata, deletion_timestamp="2030-01-01T00:00:00Z", finalizers=(CLAIM_FINALIZER,)
        ),
    )
    assert decide_protection(going, [pod("a")]) == Plan()
    (changed,) = decide_protection(going, [pod("a", "Succeeded")]).update
    assert isinstance(changed, PersistentVolumeClaim)
    assert changed.metadata.finalizers == ()


def test_makes_the_claims_of_ephemeral_volumes() -> None:
    source = EphemeralVolumeSource(
        volume_claim_template=PersistentVolumeClaimTemplate(spec=claim().spec)
    )
    user = pod("p")
    user = replace(user, spec=replace(user.spec, volumes=(Volume(name="v", ephemeral=source),)))
    (made,) = decide_ephemeral(user, {}).ensure
    assert isinstance(made, PersistentVolumeClaim)
    assert made.metadata.name == "p-v"
    assert decide_ephemeral(user, {"p-v": made}) == Plan()
    assert reasons(decide_ephemeral(user, {"p-v": claim("p-v")})) == ["ConflictingPVC"]


@given(st.lists(st.integers(1, 9), max_size=6), st.integers(1, 9))
def test_the_match_is_the_smallest_that_is_large_enough(sizes: list[int], wanted: int) -> None:
    volumes = [volume(f"v{n}", f"{size}Gi") for n, size in enumerate(sizes)]
    found = best_match(claim(size=f"{wanted}Gi"), volumes, only_reserved=False)
    enough = [size for size in sizes if size >= wanted]
    assert (found is None) == (not enough)
    assert found is None or found.spec.capacity["storage"] == f"{min(enough)}Gi"
