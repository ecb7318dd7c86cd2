"""Table lines of resource.k8s.io."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.printing.cells import age
from knarr.api.resource.dynamic_resources import ResourceClaim, ResourceSlice


def named_row(meta: ObjectMeta, now: datetime) -> Sequence[Any]:
    """Name and age."""
    return [meta.name, age(meta, now)]


def resource_claim_row(claim: ResourceClaim, now: datetime) -> Sequence[Any]:
    """Name, state, age."""
    is_deleted = claim.metadata.deletion_timestamp is not None
    states = ["deleted"] if is_deleted else []
    if claim.status.allocation is not None:
        states.append("allocated")
        if claim.status.reserved_for:
            states.append("reserved")
    elif not is_deleted:
        states.append("pending")
    return [claim.metadata.name, ",".join(states), age(claim.metadata, now)]


def resource_slice_row(resource_slice: ResourceSlice, now: datetime) -> Sequence[Any]:
    """Name, node, driver, pool, age."""
    spec, meta = resource_slice.spec, resource_slice.metadata
    return [meta.name, spec.node_name or "", spec.driver, spec.pool.name, age(meta, now)]
