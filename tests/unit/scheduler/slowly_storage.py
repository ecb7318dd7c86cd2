"""The documented rules of volumes, one node and one pod at a time, as plainly as can be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from knarr.api import quantities
from knarr.api.core.node import Node
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.core.volume import Volume
from knarr.api.storage.csi_driver import CSIDriver
from knarr.api.storage.csi_node import CSINode
from knarr.api.storage.csi_storage_capacity import CSIStorageCapacity
from knarr.api.storage.storage_class import StorageClass
from tests.unit.scheduler.clusters import Cluster
from tests.unit.scheduler.slowly import Reasons, selects, term_holds

SELECTED = "volume.kubernetes.io/selected-node"


@dataclass
class Objects:
    """Everything about volumes; the scheduler's snapshot is given the same."""

    claims: dict[str, PersistentVolumeClaim] = field(default_factory=dict)
    """By `namespace/name`."""
    volumes: dict[str, PersistentVolume] = field(default_factory=dict)
    classes: dict[str, StorageClass] = field(default_factory=dict)
    csi_nodes: dict[str, CSINode] = field(default_factory=dict)
    drivers: dict[str, CSIDriver] = field(default_factory=dict)
    capacities: list[CSIStorageCapacity] = field(default_factory=list)

    def of(self, pod: Pod) -> list[PersistentVolumeClaim]:
        names = [
            volume.persistent_volume_claim.claim_name
            for volume in pod.spec.volumes
            if volume.persistent_volume_claim is not None
        ]
        keys = [f"{pod.metadata.namespace}/{name}" for name in names]
        return [self.claims[key] for key in keys if key in self.claims]

    def class_of(self, claim: PersistentVolumeClaim) -> StorageClass | None:
        return self.classes.get(claim.spec.storage_class_name or "")


Rule = Callable[[Objects, Cluster, Pod, Node], Reasons]


# ---- zones

GENERAL = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
}
TOPOLOGY = (*GENERAL, *GENERAL.values())


def zones(objects: Objects, cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    labels = node.metadata.labels
    if not any(key in labels for key in TOPOLOGY):
        return []
    for claim in objects.of(pod):
        volume = objects.volumes.get(claim.spec.volume_name)
        if volume is None:
            continue
        for key in TOPOLOGY:
            if key not in volume.metadata.labels:
                continue
            value = labels.get(key, labels.get(GENERAL.get(key, key)))
            if value not in volume.metadata.labels[key].split("__"):
                return ["node(s) had no available volume zone"]
    return []


# ---- limits


def attached(objects: Objects, pod: Pod) -> dict[str, str]:
    found = {}
    for claim in objects.of(pod):
        volume = objects.volumes.get(claim.spec.volume_name)
        made = objects.class_of(claim)
        if volume is not None:
            if volume.spec.csi is not None:
                driver = volume.spec.csi.driver
                found[f"{driver} {volume.spec.csi.volume_handle}"] = driver
        elif made is not None:
            unmade = f"{made.provisioner} {claim.metadata.namespace}/{claim.metadata.name}"
            found[unmade] = made.provisioner
    return found


def limits(objects: Objects, cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    csi_node = objects.csi_nodes.get(node.metadata.name)
    if csi_node is None:
        return []
    there: dict[str, str] = {}
    for other in cluster.on(node.metadata.name):
        there.update(attached(objects, other))
    fresh = {
        volume: driver for volume, driver in attached(objects, pod).items() if volume not in there
    }
    for driver in csi_node.spec.drivers:
        most = driver.allocatable.count if driver.allocatable is not None else None
        more = list(fresh.values()).count(driver.name)
        if most is not None and more and list(there.values()).count(driver.name) + more > most:
            return ["node(s) exceed max volume count"]
    return []


# ---- restrictions


def disks_clash(one: Volume, other: Volume) -> bool:
    if one.gce_persistent_disk and other.gce_persistent_disk:
        left, right = one.gce_persistent_disk, other.gce_persistent_disk
        return left.pd_name == right.pd_name and not (left.read_only and right.read_only)
    if one.aws_elastic_block_store and other.aws_elastic_block_store:
        return one.aws_elastic_block_store.volume_id == other.aws_elastic_block_store.volume_id
    if one.iscsi and other.iscsi:
        same = one.iscsi.iqn == other.iscsi.iqn
        return same and not (one.iscsi.read_only and other.iscsi.read_only)
    if one.rbd and other.rbd:
        same = (one.rbd.pool, one.rbd.image) == (other.rbd.pool, other.rbd.image)
        share = set(one.rbd.monitors) & set(other.rbd.monitors)
        return same and bool(share) and not (one.rbd.read_only and other.rbd.read_only)
    return False


def restrictions(objects: Objects, cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    for other in cluster.on(node.metadata.name):
        for theirs in other.spec.volumes:
            if any(disks_clash(mine, theirs) for mine in pod.spec.volumes):
                return ["node(s) had no available disk"]
    for claim in objects.of(pod):
        if "ReadWriteOncePod" not in claim.spec.access_modes:
            continue
        for other in cluster.pods.values():
            if other.spec.node_name in cluster.nodes and claim in objects.of(other):
                return [
                    "node has pod using PersistentVolumeClaim with the same name and "
                    "ReadWriteOncePod access mode"
                ]
    return []


# ---- binding

ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity"
NONE_FREE = "node(s) didn't find available persistent volumes to bind"
NO_ROOM = "node(s) did not have enough free storage"


def reaches(volume: PersistentVolume, node: Node) -> bool:
    affinity = volume.spec.node_affinity
    if affinity is None or affinity.required is None:
        return True
    return any(term_holds(term, node) for term in affinity.required.node_selector_terms)


def size(amounts: Mapping[str, str]) -> int:
    return quantities.value(amounts.get("storage", "0"))


def suits(volume: PersistentVolume, claim: PersistentVolumeClaim) -> bool:
    owner, selector = volume.spec.claim_ref, claim.spec.selector
    if owner is not None and (owner.namespace, owner.name) != (
        claim.metadata.namespace,
        claim.metadata.name,
    ):
        return False
    return (
        volume.status.phase not in ("Failed", "Released")
        and volume.spec.storage_class_name == claim.spec.storage_class_name
        and set(claim.spec.access_modes) <= set(volume.spec.access_modes)
        and size(volume.spec.capacity) >= size(claim.spec.resources.requests)
        and (selector is None or selects(selector, volume.metadata.labels))
    )


def allowed(made: StorageClass, node: Node) -> bool:
    labels = node.metadata.labels
    return not made.allowed_topologies or any(
        all(labels.get(each.key) in each.values for each in term.match_label_expressions)
        for term in made.allowed_topologies
    )


def has_room(
    objects: Objects, claim: PersistentVolumeClaim, made: StorageClass, node: Node
) -> bool:
    driver = objects.drivers.get(made.provisioner)
    if driver is None or not driver.spec.storage_capacity:
        return True
    for each in objects.capacities:
        most = each.maximum_volume_size or each.capacity
        if (
            each.storage_class_name == made.metadata.name
            and most is not None
            and quantities.value(most) >= size(claim.spec.resources.requests)
            and each.node_topology is not None
            and selects(each.node_topology, node.metadata.labels)
        ):
            return True
    return False


def binding(objects: Objects, cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    reasons = []
    claims = objects.of(pod)
    for claim in claims:
        if claim.spec.volume_name and not reaches(objects.volumes[claim.spec.volume_name], node):
            reasons = [ELSEWHERE]
    unbound = [claim for claim in claims if not claim.spec.volume_name]
    to_make = [claim for claim in unbound if SELECTED in claim.metadata.annotations]
    if any(each.metadata.annotations[SELECTED] != node.metadata.name for each in to_make):
        return [*reasons, NONE_FREE]
    to_make += find(objects, [claim for claim in unbound if claim not in to_make], node)
    return [*reasons, *making(objects, to_make, node)]


def find(
    objects: Objects, claims: list[PersistentVolumeClaim], node: Node
) -> list[PersistentVolumeClaim]:
    """The claims for which no volume is free, when each takes the smallest that will do."""
    to_make = []
    to_find = sorted(
        claims,
        key=lambda claim: size(claim.spec.resources.requests),
    )
    taken: set[str] = set()
    for claim in to_find:
        free = [
            volume
            for volume in objects.volumes.values()
            if suits(volume, claim) and reaches(volume, node) and volume.metadata.name not in taken
        ]
        free.sort(key=lambda volume: (size(volume.spec.capacity), volume.metadata.name))
        free.sort(key=lambda volume: volume.spec.claim_ref is None)
        if free:
            taken.add(free[0].metadata.name)
        else:
            to_make.append(claim)
    return to_make


def making(objects: Objects, claims: list[PersistentVolumeClaim], node: Node) -> Reasons:
    """Why volumes cannot be made for claims on a node: what holds for the first of them."""
    for claim in claims:
        made = objects.class_of(claim)
        assert made is not None, "without a class a claim does not wait"
        if made.provisioner == "kubernetes.io/no-provisioner" or not allowed(made, node):
            return [NONE_FREE]
        if not has_room(objects, claim, made, node):
            return [NO_ROOM]
    return []


RULES: dict[str, Rule] = {
    "VolumeRestrictions": restrictions,
    "NodeVolumeLimits": limits,
    "VolumeBinding": binding,
    "VolumeZone": zones,
}
