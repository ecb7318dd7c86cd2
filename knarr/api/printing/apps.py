"""Table lines of apps/v1."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.daemon_set import DaemonSet
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.printing.cells import NONE, age, containers_and_images, labels
from knarr.api.selectors import describe


def deployment_row(deployment: Deployment, now: datetime) -> Sequence[Any]:
    """Name, ready, up to date, available, age, containers, images, selector."""
    status = deployment.status
    return [
        deployment.metadata.name,
        f"{status.ready_replicas}/{deployment.spec.replicas or 0}",
        status.updated_replicas,
        status.available_replicas,
        age(deployment.metadata, now),
        *containers_and_images(deployment.spec.template),
        describe(deployment.spec.selector),
    ]


def replica_set_row(replica_set: ReplicaSet, now: datetime) -> Sequence[Any]:
    """Name, desired, current, ready, age, containers, images, selector."""
    return [
        replica_set.metadata.name,
        replica_set.spec.replicas or 0,
        replica_set.status.replicas,
        replica_set.status.ready_replicas,
        age(replica_set.metadata, now),
        *containers_and_images(replica_set.spec.template),
        describe(replica_set.spec.selector),
    ]


def stateful_set_row(stateful_set: StatefulSet, now: datetime) -> Sequence[Any]:
    """Name, ready, age, containers, images."""
    return [
        stateful_set.metadata.name,
        f"{stateful_set.status.ready_replicas}/{stateful_set.spec.replicas or 0}",
        age(stateful_set.metadata, now),
        *containers_and_images(stateful_set.spec.template),
    ]


def daemon_set_row(daemon_set: DaemonSet, now: datetime) -> Sequence[Any]:
    """Name, five counts, node selector, age, containers, images, selector."""
    status = daemon_set.status
    return [
        daemon_set.metadata.name,
        status.desired_number_scheduled,
        status.current_number_scheduled,
        status.number_ready,
        status.updated_number_scheduled,
        status.number_available,
        labels(daemon_set.spec.template.spec.node_selector),
        age(daemon_set.metadata, now),
        *containers_and_images(daemon_set.spec.template),
        describe(daemon_set.spec.selector),
    ]


def controller_revision_row(revision: ControllerRevision, now: datetime) -> Sequence[Any]:
    """Name, controller, revision, age."""
    return [
        revision.metadata.name,
        _controller(revision.metadata),
        revision.revision,
        age(revision.metadata, now),
    ]


def _controller(meta: ObjectMeta) -> str:
    for owner in meta.owner_references:
        if owner.controller:
            group = owner.api_version.rpartition("/")[0]
            kind = f"{owner.kind}.{group}" if group else owner.kind
            return f"{kind.lower()}/{owner.name}"
    return NONE
