"""Rules of what storage drivers say of themselves: CSIDriver, CSINode, CSIStorageCapacity."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.rules import IMMUTABLE, immutable
from apiserver.strategies.storage.storage_class import csi_driver_name
from apiserver.strategies.strategy import Strategy
from knarr.api import names, quantities
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
)
from knarr.api.printing.cells import plain_row
from knarr.api.printing.storage import csi_driver_row, csi_node_row
from knarr.api.scalars import Quantity
from knarr.api.storage.csi_driver import CSIDriver, TokenRequest
from knarr.api.storage.csi_node import CSINode, CSINodeDriver
from knarr.api.storage.csi_storage_capacity import CSIStorageCapacity

FS_GROUP_POLICIES = ("ReadWriteOnceWithFSType", "None", "File")
MODES = ("Persistent", "Ephemeral")
TOKEN_S_MIN = 600
TOKEN_S_MAX = 2**32
NODE_ID_MAX = 192


class CSIDriverRules(Strategy[CSIDriver]):
    """What holds for a CSIDriver."""

    has_status = False
    has_generation = False

    def default(self, obj: CSIDriver) -> CSIDriver:
        """Fill in what a driver needs and can do."""
        spec = obj.spec
        defaulted = replace(
            spec,
            attach_required=spec.attach_required is not False,
            pod_info_on_mount=bool(spec.pod_info_on_mount),
            storage_capacity=bool(spec.storage_capacity),
            fs_group_policy=spec.fs_group_policy or FS_GROUP_POLICIES[0],
            volume_lifecycle_modes=spec.volume_lifecycle_modes or MODES[:1],
            requires_republish=bool(spec.requires_republish),
            se_linux_mount=bool(spec.se_linux_mount),
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: CSIDriver) -> Iterable[FieldError]:
        """Policies, tokens and modes are known ones."""
        spec = obj.spec
        yield from csi_driver_name(obj.metadata.name, "metadata.name")
        if spec.fs_group_policy not in FS_GROUP_POLICIES:
            yield not_supported("spec.fsGroupPolicy", spec.fs_group_policy, FS_GROUP_POLICIES)
        yield from _tokens(spec.token_requests, "spec.tokenRequests")
        for mode in spec.volume_lifecycle_modes:
            if mode not in MODES:
                yield not_supported("spec.volumeLifecycleModes", mode, MODES)

    def validate_update(self, obj: CSIDriver, old: CSIDriver) -> Iterable[FieldError]:
        """Whether it attaches and how volumes live stays."""
        yield from immutable(
            obj.spec.attach_required, old.spec.attach_required, "spec.attachedRequired"
        )
        yield from immutable(
            obj.spec.volume_lifecycle_modes,
            old.spec.volume_lifecycle_modes,
            "spec.volumeLifecycleModes",
        )

    def warnings(self, obj: CSIDriver, old: CSIDriver | None) -> Iterable[str]:
        """Tokens are better handed over as secrets."""
        if obj.spec.token_requests and obj.spec.service_account_token_in_secrets is None:
            yield (
                "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set "
                "to true to prevent possible logging of tokens in volume attributes"
            )

    def row(self, obj: CSIDriver, now: datetime) -> Sequence[Any]:
        """Name, what it needs, modes, age."""
        return csi_driver_row(obj, now)


def _tokens(tokens: Sequence[TokenRequest], path: str) -> Iterator[FieldError]:
    audiences: set[str] = set()
    for i, token in enumerate(tokens):
        if token.audience in audiences:
            yield duplicate(f"{path}[{i}].audience", token.audience)
        audiences.add(token.audience)
        seconds = token.expiration_seconds
        if seconds is None:
            continue
        if seconds < TOKEN_S_MIN:
            yield invalid(
                f"{path}[{i}].expirationSeconds",
                seconds,
                "may not specify a duration less than 10 minutes",
            )
        if seconds > TOKEN_S_MAX:
            yield invalid(
                f"{path}[{i}].expirationSeconds",
                seconds,
                "may not specify a duration larger than 2^32 seconds",
            )


class CSINodeRules(Strategy[CSINode]):
    """What holds for a CSINode."""

    has_status = False
    has_generation = False

    def validate(self, obj: CSINode) -> Iterable[FieldError]:
        """Each driver once, with the name it gives the node."""
        seen: set[str] = set()
        for i, driver in enumerate(obj.spec.drivers):
            path = f"spec.drivers[{i}]"
            yield from csi_driver_name(driver.name, f"{path}.name")
            yield from _node_id(driver.node_id, f"{path}.nodeID")
            yield from _driver(driver, path)
            if driver.name in seen:
                yield duplicate(f"{path}.name", driver.name)
            seen.add(driver.name)

    def validate_update(self, obj: CSINode, old: CSINode) -> Iterable[FieldError]:
        """A driver that is there stays as it is."""
        before = {driver.name: driver for driver in old.spec.drivers}
        for driver in obj.spec.drivers:
            known = before.get(driver.name)
            if known is not None and replace(known, allocatable=driver.allocatable) != driver:
                yield invalid("spec.drivers", driver, IMMUTABLE)

    def row(self, obj: CSINode, now: datetime) -> Sequence[Any]:
        """Name, drivers, age."""
        return csi_node_row(obj, now)


def _node_id(node_id: str, path: str) -> Iterator[FieldError]:
    if not node_id:
        yield required(path)
    elif len(node_id) > NODE_ID_MAX:
        yield invalid(path, node_id, f"must be {NODE_ID_MAX} characters or less")


def _driver(driver: CSINodeDriver, path: str) -> Iterator[FieldError]:
    count = driver.allocatable.count if driver.allocatable is not None else None
    if count is not None and count < 0:
        yield invalid(f"{path}.allocatable.count", count, "must be greater than or equal to 0")
    seen: set[str] = set()
    for key in driver.topology_keys:
        if not key:
            yield required(f"{path}.topologyKeys")
        if key in seen:
            yield duplicate(f"{path}.topologyKeys", key)
        seen.add(key)
        yield from broken_names(f"{path}.topologyKeys", key, names.qualified_name(key))


class CSIStorageCapacityRules(Strategy[CSIStorageCapacity]):
    """What holds for a CSIStorageCapacity."""

    has_status = False
    has_generation = False

    def validate(self, obj: CSIStorageCapacity) -> Iterable[FieldError]:
        """A class, where, and how much."""
        yield from validate_label_selector(obj.node_topology, "nodeTopology")
        yield from broken_names(
            "storageClassName", obj.storage_class_name, names.dns_subdomain(obj.storage_class_name)
        )
        yield from _amount(obj.capacity, "capacity")
        yield from _amount(obj.maximum_volume_size, "maximumVolumeSize")

    def validate_update(
        self, obj: CSIStorageCapacity, old: CSIStorageCapacity
    ) -> Iterable[FieldError]:
        """Of what and where it tells stays."""
        yield from immutable(obj.node_topology, old.node_topology, "nodeTopology")
        yield from immutable(obj.storage_class_name, old.storage_class_name, "storageClassName")

    def row(self, obj: CSIStorageCapacity, now: datetime) -> Sequence[Any]:
        """Name and moment of creation."""
        return plain_row(obj.metadata)


def _amount(amount: Quantity | None, path: str) -> Iterator[FieldError]:
    if amount is not None and quantities.compare(amount, "0") < 0:
        yield invalid(path, amount, "must be greater than or equal to 0")
