"""Goes back to the template of an earlier revision, as an annotation asks."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from controller_manager.deployment.template import (
    ROLLBACK_TO,
    is_same_template,
    revision_of,
    taken_back,
)
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.plan import Notice, Plan


def roll_back(deployment: Deployment, replica_sets: Sequence[ReplicaSet]) -> Plan:
    """Give the Deployment the template that the annotation names, and take the annotation away."""
    annotations = dict(deployment.metadata.annotations)
    asked = annotations.pop(ROLLBACK_TO)
    rest = replace(deployment, metadata=replace(deployment.metadata, annotations=annotations))
    target = _of_revision(replica_sets, int(asked) if asked.isdecimal() else 0)
    if target is None:
        return _told(
            rest,
            "DeploymentRollbackRevisionNotFound",
            "Unable to find the revision to rollback to.",
        )
    name = deployment.metadata.name
    if is_same_template(target.spec.template, deployment.spec.template):
        return _told(
            rest,
            "DeploymentRollbackTemplateUnchanged",
            f'The rollback revision contains the same template as current deployment "{name}"',
        )
    message = f'Rolled back deployment "{name}" to revision {revision_of(target)}'
    return Plan(
        update=(taken_back(rest, target),),
        notices=(Notice(deployment, "DeploymentRollback", message),),
    )


def _told(deployment: Deployment, reason: str, message: str) -> Plan:
    return Plan(
        update=(deployment,), notices=(Notice(deployment, reason, message, type="Warning"),)
    )


def _of_revision(replica_sets: Iterable[ReplicaSet], revision: int) -> ReplicaSet | None:
    """The ReplicaSet of a revision; revision 0 is the one before the latest."""
    by_revision = {revision_of(replica_set): replica_set for replica_set in replica_sets}
    if revision == 0:
        earlier = sorted(by_revision)[:-1]
        revision = earlier[-1] if earlier else 0
    return by_revision.get(revision) if revision else None
