"""Rules of a StorageClass and of a VolumeAttributesClass."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.label_rules import validate_label_name
from apiserver.strategies.pod_spec.warnings import old_label
from apiserver.strategies.rules import immutable
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.core.affinity import TopologySelectorTerm
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from knarr.api.printing.storage import storage_class_row, volume_attributes_class_row
from knarr.api.storage.storage_class import StorageClass
from knarr.api.storage.volume_attributes_class import VolumeAttributesClass

PARAMETERS_MAX = 512
PARAMETERS_BYTES_MAX = 256 * 1024
CSI_NAME_MAX = 63


class StorageClassRules(Strategy[StorageClass]):
    """What holds for a StorageClass."""

    has_status = False
    has_generation = False

    def default(self, obj: StorageClass) -> StorageClass:
        """Volumes are deleted when released and made at once."""
        return replace(
            obj,
            reclaim_policy="Delete" if obj.reclaim_policy is None else obj.reclaim_policy,
            volume_binding_mode=(
                "Immediate" if obj.volume_binding_mode is None else obj.volume_binding_mode
            ),
        )

    def validate(self, obj: StorageClass) -> Iterable[FieldError]:
        """The rules of every StorageClass."""
        yield from _provisioner(obj.provisioner, "provisioner")
        yield from parameters(obj.parameters, "parameters", may_be_empty=True)
        if obj.reclaim_policy not in ("", "Delete", "Retain"):
            yield not_supported("reclaimPolicy", obj.reclaim_policy, ("Delete", "Retain"))
        mode = obj.volume_binding_mode
        if mode is None:
            yield required("volumeBindingMode")
        elif mode not in ("Immediate", "WaitForFirstConsumer"):
            yield not_supported("volumeBindingMode", mode, ("Immediate", "WaitForFirstConsumer"))
        yield from _topologies(obj.allowed_topologies, "allowedTopologies")

    def validate_update(self, obj: StorageClass, old: StorageClass) -> Iterable[FieldError]:
        """What volumes are made of stays."""
        if dict(obj.parameters) != dict(old.parameters):
            yield invalid("parameters", dict(obj.parameters), "field is immutable")
        yield from immutable(obj.provisioner, old.provisioner, "provisioner")
        yield from immutable(obj.reclaim_policy, old.reclaim_policy, "reclaimPolicy")
        yield from immutable(obj.volume_binding_mode, old.volume_binding_mode, "volumeBindingMode")

    def warnings(self, obj: StorageClass, old: StorageClass | None) -> Iterable[str]:
        """Labels of nodes that have better names."""
        for i, term in enumerate(obj.allowed_topologies):
            for j, each in enumerate(term.match_label_expressions):
                if told := old_label(each.key):
                    yield f"allowedTopologies[{i}].matchLabelExpressions[{j}]: {told}"

    def row(self, obj: StorageClass, now: datetime) -> Sequence[Any]:
        """Name, provisioner, policies, whether volumes may grow, age."""
        return storage_class_row(obj, now)


def _provisioner(value: str, path: str) -> Iterator[FieldError]:
    if not value:
        yield required(path)
    else:
        yield from broken_names(path, value.lower(), names.qualified_name(value.lower()))


def parameters(given: Mapping[str, str], path: str, *, may_be_empty: bool) -> Iterator[FieldError]:
    """Few parameters of bounded size, none without a name."""
    if len(given) > PARAMETERS_MAX:
        yield too_long(path, PARAMETERS_MAX)
        return
    for key in sorted(given):
        if not key:
            yield invalid(path, key, "field can not be empty.")
    if sum(len(key) + len(value) for key, value in given.items()) > PARAMETERS_BYTES_MAX:
        yield too_long(path, PARAMETERS_BYTES_MAX)
    if not given and not may_be_empty:
        yield required(path, "must contain at least one key/value pair")


def _topologies(terms: Sequence[TopologySelectorTerm], path: str) -> Iterator[FieldError]:
    seen: list[dict[str, frozenset[str]]] = []
    for i, term in enumerate(terms):
        at = f"{path}[{i}].matchLabelExpressions"
        wanted: dict[str, frozenset[str]] = {}
        for j, each in enumerate(term.match_label_expressions):
            yield from _expression(each.key, each.values, f"{at}[{j}]")
            if each.key in wanted:
                yield duplicate(f"{at}[{j}].key", each.key)
            wanted[each.key] = frozenset(each.values)
        if wanted in seen:
            yield duplicate(at, "")
        seen.append(wanted)


def _expression(key: str, values: Sequence[str], path: str) -> Iterator[FieldError]:
    if not values:
        yield required(f"{path}.values")
    for i, value in enumerate(values):
        if value in values[:i]:
            yield duplicate(f"{path}.values[{i}]", value)
    yield from validate_label_name(key, f"{path}.key")


class VolumeAttributesClassRules(Strategy[VolumeAttributesClass]):
    """What holds for a VolumeAttributesClass."""

    has_status = False
    has_generation = False

    def validate(self, obj: VolumeAttributesClass) -> Iterable[FieldError]:
        """A driver and what it is told."""
        yield from csi_driver_name(obj.driver_name, "driverName")
        yield from parameters(obj.parameters, "parameters", may_be_empty=False)

    def validate_update(
        self, obj: VolumeAttributesClass, old: VolumeAttributesClass
    ) -> Iterable[FieldError]:
        """All of it stays."""
        if obj.driver_name != old.driver_name:
            yield forbidden("driverName", "updates to driverName are forbidden.")
        if dict(obj.parameters) != dict(old.parameters):
            yield forbidden("parameters", "updates to parameters are forbidden.")

    def row(self, obj: VolumeAttributesClass, now: datetime) -> Sequence[Any]:
        """Name, driver, age."""
        return volume_attributes_class_row(obj, now)


def csi_driver_name(name: str, path: str) -> Iterator[FieldError]:
    """The name that a storage driver goes by."""
    if not name:
        yield required(path)
        return
    if len(name) > CSI_NAME_MAX:
        yield too_long(path, CSI_NAME_MAX)
    yield from broken_names(path, name, names.dns_subdomain(name.lower()))
