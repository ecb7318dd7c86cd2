"""Which claims a pod's templates need, and which claims still need their devices."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from knarr.api.core.pod import Pod
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.owners import controller_of, controller_reference
from knarr.api.plan import Notice, Patch, Plan
from knarr.api.pods import is_over
from knarr.api.resource.dynamic_resources import (
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimTemplate,
)

POD_CLAIM_NAME = "resource.kubernetes.io/pod-claim-name"
"""The annotation that says for which of its pod's claims a claim was made."""

FINALIZER = "resource.kubernetes.io/delete-protection"
"""Holds a claim that has devices until nobody uses them."""


def template_names(pod: Pod) -> dict[str, str]:
    """What a pod calls the claims that are to be made for it, and from which templates."""
    return {
        each.name: each.resource_claim_template_name
        for each in pod.spec.resource_claims
        if each.resource_claim_template_name
    }


def claim_names(pod: Pod) -> Iterable[str]:
    """The names of the claims that a pod uses, as far as they are known."""
    for each in pod.spec.resource_claims:
        if each.resource_claim_name:
            yield each.resource_claim_name
    for status in pod.status.resource_claim_statuses:
        if status.resource_claim_name:
            yield status.resource_claim_name


def decide_pod(
    pod: Pod, templates: Mapping[str, ResourceClaimTemplate], owned: Sequence[ResourceClaim]
) -> Plan:
    """Make the claims that are missing and tell the pod of those there are."""
    if pod.metadata.deletion_timestamp is not None or is_over(pod):
        return Plan()
    made = {each.metadata.annotations.get(POD_CLAIM_NAME, ""): each for each in owned}
    known = {each.name for each in pod.status.resource_claim_statuses}
    missing: list[ResourceClaim] = []
    told: list[dict[str, str]] = []
    notices: list[Notice] = []
    for name, template_name in template_names(pod).items():
        template = templates.get(template_name)
        if name in made:
            if name not in known:
                told.append({"name": name, "resourceClaimName": made[name].metadata.name})
        elif template is None:
            message = (
                f"PodResourceClaim {name}: resource claim template "
                f'"{pod.metadata.namespace}/{template_name}" not found'
            )
            notices.append(Notice(pod, "FailedResourceClaimCreation", message, type="Warning"))
        else:
            missing.append(_claim(pod, name, template))
    patch: tuple[Patch, ...] = ()
    if told:
        body = {"status": {"resourceClaimStatuses": told}}
        patch = (Patch(pod, body, format="strategic", subresource="status"),)
    return Plan(create=tuple(missing), patch=patch, notices=tuple(notices))


def decide_claim(claim: ResourceClaim, pods: Mapping[str, Pod], owner: Pod | None) -> Plan:
    """Give devices back that nobody uses. `pods` are those there are of the users, by uid."""
    status = claim.status
    users = tuple(each for each in status.reserved_for if _is_user(each, pods))
    is_ending = claim.metadata.deletion_timestamp is not None
    if users != status.reserved_for or (is_ending and status.allocation and not users):
        allocation = status.allocation if users else None
        fresh = replace(status, reserved_for=users, allocation=allocation)
        return Plan(status=replace(claim, status=fresh))
    if status.allocation is None and FINALIZER in claim.metadata.finalizers:
        left = tuple(each for each in claim.metadata.finalizers if each != FINALIZER)
        return Plan(update=(replace(claim, metadata=replace(claim.metadata, finalizers=left)),))
    reference = controller_of(claim)
    is_left_over = reference is not None and reference.kind == "Pod" and _is_done(owner)
    if is_left_over and not users and not is_ending:
        return Plan(delete=(claim,))
    return Plan()


def _is_user(user: ResourceClaimConsumerReference, pods: Mapping[str, Pod]) -> bool:
    if user.resource != "pods" or user.api_group:
        return True  # Who that is nobody here knows.
    pod = pods.get(user.uid)
    return pod is not None and not is_over(pod)


def _is_done(pod: Pod | None) -> bool:
    """Whether a pod needs its claims no longer; one that is gone takes them along itself."""
    return pod is not None and is_over(pod)


def _claim(pod: Pod, name: str, template: ResourceClaimTemplate) -> ResourceClaim:
    meta = template.spec.metadata
    return ResourceClaim(
        metadata=ObjectMeta(
            generate_name=f"{pod.metadata.name}-{name}-",
            namespace=pod.metadata.namespace,
            labels=meta.labels,
            annotations={**meta.annotations, POD_CLAIM_NAME: name},
            owner_references=(controller_reference(pod),),
        ),
        spec=template.spec.spec,
    )
