"""Every plugin of volumes answers what its rule says, on thousands of random clusters."""

from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from knarr.api.core.affinity import (
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    TopologySelectorLabelRequirement,
    TopologySelectorTerm,
)
from knarr.api.core.persistent_volume import (
    PersistentVolume,
    PersistentVolumeSpec,
    PersistentVolumeStatus,
    VolumeNodeAffinity,
)
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
)
from knarr.api.core.persistent_volume_source import (
    CSIPersistentVolumeSource,
    GCEPersistentDiskVolumeSource,
)
from knarr.api.core.pod import Pod
from knarr.api.core.references import ObjectReference
from knarr.api.core.resources import VolumeResourceRequirements
from knarr.api.core.volume import Volume
from knarr.api.core.volume_source import (
    AWSElasticBlockStoreVolumeSource,
    ISCSIVolumeSource,
    PersistentVolumeClaimVolumeSource,
    RBDVolumeSource,
)
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity
from knarr.api.storage.csi_driver import CSIDriver, CSIDriverSpec
from knarr.api.storage.csi_node import CSINode, CSINodeDriver, CSINodeSpec, VolumeNodeResources
from knarr.api.storage.csi_storage_capacity import CSIStorageCapacity
from knarr.api.storage.storage_class import StorageClass
from scheduler.plugins.volume_binding import plan_volumes
from scheduler.profile import make_profile
from tests.unit.scheduler import slowly_storage
from tests.unit.scheduler.clusters import ZONE, Cluster, cluster, pod, some
from tests.unit.scheduler.slowly_storage import SELECTED, Objects

BATCHES = 10
CLUSTERS_A_BATCH = 100
PODS_A_CLUSTER = 3
OLD_ZONE = "failure-domain.beta.kubernetes.io/zone"
REGION = "topology.kubernetes.io/region"
CLASSES = ("made", "kept")
FILTERS = {each.name: each for each in make_profile(preempts=False).filters}


def furnished(seed: int) -> tuple[Cluster, Objects]:
    """A random cluster with volumes, some of its pods mounting them."""
    made = cluster(seed, steps=15)
    chance, objects = made.chance, Objects()
    for name in sorted(made.nodes):
        _relabel(made, name)
        if chance.random() < 0.7:
            objects.csi_nodes[name] = _csi_node(name, chance)
    _stock(made, objects)
    _show(made, objects)
    for key in sorted(made.pods):
        if chance.random() < 0.5:
            made.put_pod(mounting(made.pods[key], chance))
    return made, objects


def _stock(made: Cluster, objects: Objects) -> None:
    chance = made.chance
    objects.classes = {name: _class(name, chance) for name in CLASSES}
    if chance.random() < 0.6:
        spec = CSIDriverSpec(storage_capacity=chance.random() < 0.8)
        objects.drivers["driver"] = CSIDriver(metadata=ObjectMeta(name="driver"), spec=spec)
    objects.capacities = [_capacity(number, chance) for number in range(chance.randint(0, 3))]
    for number in range(chance.randint(1, 6)):
        volume = _volume(f"pv-{number}", chance)
        objects.volumes[volume.metadata.name] = volume
    for namespace in ("red", "blue"):
        for number in range(3):
            claim = _claim(f"claim-{number}", namespace, objects, made)
            objects.claims[f"{namespace}/{claim.metadata.name}"] = claim


def _show(made: Cluster, objects: Objects) -> None:
    storage = made.snapshot.storage
    storage.claims.update({Key(*key.split("/")): one for key, one in objects.claims.items()})
    storage.volumes.update(objects.volumes)
    storage.classes.update(objects.classes)
    storage.csi_nodes.update(objects.csi_nodes)
    storage.drivers.update(objects.drivers)
    storage.capacities.update({Key("", each.metadata.name): each for each in objects.capacities})


def _relabel(made: Cluster, name: str) -> None:
    """Some nodes have only the old spelling of their zone, some a region."""
    node, chance = made.nodes[name], made.chance
    labels = dict(node.metadata.labels)
    if ZONE in labels and chance.random() < 0.3:
        labels[OLD_ZONE] = labels.pop(ZONE)
    if chance.random() < 0.3:
        labels[REGION] = chance.choice("ab")
    made.put_node(replace(node, metadata=replace(node.metadata, labels=labels)))


def _csi_node(name: str, chance: Random) -> CSINode:
    most = VolumeNodeResources(count=chance.choice([None, 1, 2]))
    driver = CSINodeDriver(name="driver", node_id="i", allocatable=most)
    return CSINode(metadata=ObjectMeta(name=name), spec=CSINodeSpec(drivers=(driver,)))


def _zones(chance: Random) -> tuple[str, ...]:
    return tuple(sorted({f"zone-{chance.randint(0, 2)}" for _ in range(2)}))


def _class(name: str, chance: Random) -> StorageClass:
    term = TopologySelectorTerm(
        match_label_expressions=(TopologySelectorLabelRequirement(key=ZONE, values=_zones(chance)),)
    )
    return StorageClass(
        metadata=ObjectMeta(name=name),
        provisioner="driver" if name == "made" else "kubernetes.io/no-provisioner",
        volume_binding_mode="WaitForFirstConsumer",
        allowed_topologies=(term,) if chance.random() < 0.4 else (),
    )


def _capacity(number: int, chance: Random) -> CSIStorageCapacity:
    def amount(share: float) -> Quantity | None:
        return Quantity(chance.choice(["1Gi", "3Gi"])) if chance.random() < share else None

    topology = LabelSelector(match_labels={ZONE: f"zone-{chance.randint(0, 2)}"})
    return CSIStorageCapacity(
        metadata=ObjectMeta(name=f"capacity-{number}"),
        storage_class_name="made",
        capacity=amount(0.9),
        maximum_volume_size=amount(0.3),
        node_topology=chance.choice([topology, topology, LabelSelector(), None]),
    )


def _volume(name: str, chance: Random) -> PersistentVolume:
    affinity = None
    if chance.random() < 0.6:
        zones = NodeSelectorRequirement(key=ZONE, operator="In", values=_zones(chance))
        terms = (NodeSelectorTerm(match_expressions=(zones,)),)
        affinity = VolumeNodeAffinity(required=NodeSelector(node_selector_terms=terms))
    labels = {"speed": chance.choice(["fast", "slow"])}
    for key in (ZONE, OLD_ZONE, REGION):
        if chance.random() < 0.2:
            labels[key] = chance.choice(["a", "zone-0", "zone-1__zone-2"])
    csi = CSIPersistentVolumeSource(driver="driver", volume_handle=chance.choice("xyz"))
    owner = ObjectReference(namespace="red", name="claim-0") if chance.random() < 0.15 else None
    return PersistentVolume(
        metadata=ObjectMeta(name=name, labels=labels),
        spec=PersistentVolumeSpec(
            access_modes=some(chance, ["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"]),
            capacity={"storage": Quantity(chance.choice(["1Gi", "2Gi", "5Gi"]))},
            storage_class_name=chance.choice(CLASSES),
            node_affinity=affinity,
            csi=csi if chance.random() < 0.7 else None,
            claim_ref=owner,
        ),
        status=PersistentVolumeStatus(phase=chance.choice(["Available", "Available", "Released"])),
    )


def _claim(name: str, namespace: str, objects: Objects, made: Cluster) -> PersistentVolumeClaim:
    chance = made.chance
    volume, annotations = "", {}
    if chance.random() < 0.4:
        volume = chance.choice(sorted(objects.volumes))
        annotations["pv.kubernetes.io/bind-completed"] = "yes"
    elif chance.random() < 0.15:
        annotations[SELECTED] = chance.choice(sorted(made.nodes))
    selector = LabelSelector(match_labels={"speed": "fast"}) if chance.random() < 0.2 else None
    mode = chance.choice(["ReadWriteOnce", "ReadWriteMany", "ReadWriteOncePod"])
    amount = Quantity(chance.choice(["1Gi", "2Gi", "4Gi"]))
    return PersistentVolumeClaim(
        metadata=ObjectMeta(
            name=name, namespace=namespace, uid=f"{namespace}-{name}", annotations=annotations
        ),
        spec=PersistentVolumeClaimSpec(
            access_modes=(mode,),
            resources=VolumeResourceRequirements(requests={"storage": amount}),
            storage_class_name=chance.choice(CLASSES),
            volume_name=volume,
            selector=selector,
        ),
    )


def mounting(wanted: Pod, chance: Random) -> Pod:
    """The pod with volumes of all sorts."""
    names = [f"claim-{number}" for number in range(3) if chance.random() < 0.5]
    volumes = [
        Volume(
            name=name, persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name=name)
        )
        for name in names
        if wanted.metadata.namespace != "green"
    ]
    if chance.random() < 0.3:
        volumes.append(_disk(chance))
    return replace(wanted, spec=replace(wanted.spec, volumes=tuple(volumes)))


def _disk(chance: Random) -> Volume:
    name, read_only = chance.choice("pq"), chance.random() < 0.5
    match chance.randint(0, 3):
        case 0:
            gce = GCEPersistentDiskVolumeSource(pd_name=name, read_only=read_only)
            return Volume(name="disk", gce_persistent_disk=gce)
        case 1:
            aws = AWSElasticBlockStoreVolumeSource(volume_id=name, read_only=read_only)
            return Volume(name="disk", aws_elastic_block_store=aws)
        case 2:
            iscsi = ISCSIVolumeSource(iqn=name, lun=0, target_portal="t", read_only=read_only)
            return Volume(name="disk", iscsi=iscsi)
    monitors = some(chance, ["a", "b", "c"])
    rbd = RBDVolumeSource(image=name, monitors=monitors, pool="rbd", read_only=read_only)
    return Volume(name="disk", rbd=rbd)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_plugins_of_volumes_answer_as_their_rules_say(batch: int) -> None:
    said: set[tuple[str, str]] = set()
    for number in range(CLUSTERS_A_BATCH):
        made, objects = furnished(batch * CLUSTERS_A_BATCH + number)
        for _ in range(PODS_A_CLUSTER):
            wanted = mounting(pod(made.fresh_name(), made.chance), made.chance)
            shape, slots = made.shapes.of(wanted), made.snapshot.all_slots()
            nodes = [made.nodes[made.snapshot.names[slot]] for slot in slots]
            for name, rule in slowly_storage.RULES.items():
                found: list[list[str]] = [[] for _ in nodes]
                plugin = FILTERS[name]
                if plugin.concerns(shape):
                    for rejection in plugin.filter(made.snapshot, shape, slots):
                        for place in np.flatnonzero(rejection.nodes):
                            found[place].append(rejection.reason)
                expected = [sorted(rule(objects, made, wanted, node)) for node in nodes]
                assert [sorted(each) for each in found] == expected, name
                said |= {(name, reason) for each in found for reason in each}
    assert len(said) >= 6, f"hardly a rule had something to say: {said}"


def test_a_plan_takes_no_volume_twice_and_none_that_does_not_reach() -> None:
    plans = 0
    for seed in range(300):
        made, objects = furnished(seed)
        wanted = mounting(pod(made.fresh_name(), made.chance), made.chance)
        for slot in made.snapshot.all_slots():
            node = made.nodes[made.snapshot.names[slot]]
            if slowly_storage.binding(objects, made, wanted, node):
                continue
            plan = plan_volumes(made.snapshot, made.shapes.of(wanted), int(slot))
            taken = list(plan.take.values())
            assert len(set(taken)) == len(taken)
            for key, name in plan.take.items():
                volume, claim = objects.volumes[name], objects.claims[str(key)]
                assert slowly_storage.reaches(volume, node)
                assert slowly_storage.suits(volume, claim)
            unbound = {
                f"{each.metadata.namespace}/{each.metadata.name}"
                for each in objects.of(wanted)
                if not each.spec.volume_name
            }
            assert {str(key) for key in (*plan.take, *plan.provision)} == unbound
            plans += bool(taken)
    assert plans > 20
