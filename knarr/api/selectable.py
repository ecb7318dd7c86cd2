"""Which fields of a kind a field selector may name, and what is said of others.

Every kind knows its name and namespace; the table holds the kinds that know
more, or that refuse in words of their own.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from knarr.api.kind import Kind
from knarr.api.selectors import FieldSelector, SelectorError

_ALWAYS = ("metadata.name", "metadata.namespace")


def _plainly(field: str) -> str:
    return f"field label not supported: {field}"


def _for_job(field: str) -> str:
    return f'field label "{field}" not supported for Job'


def _for_slice(field: str) -> str:
    return f"field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: {field}"


def _naming_all(field: str) -> str:
    return f'"{field}" is not a known field selector: only "metadata.name", "metadata.namespace"'


class Selectable(Struct, frozen=True):
    """The fields of one kind that selectors may name."""

    fields: frozenset[str]
    refuse: Callable[[str], str] = _plainly


_DEFAULT = Selectable(frozenset(_ALWAYS), _naming_all)

_SELECTABLE: Mapping[tuple[str, str], Selectable] = {
    ("", "events"): Selectable(
        frozenset(
            {
                *_ALWAYS,
                "involvedObject.apiVersion",
                "involvedObject.fieldPath",
                "involvedObject.kind",
                "involvedObject.name",
                "involvedObject.namespace",
                "involvedObject.resourceVersion",
                "involvedObject.uid",
                "reason",
                "reportingComponent",
                "source",
                "type",
            }
        )
    ),
    ("", "namespaces"): Selectable(frozenset({"metadata.name", "status.phase"})),
    ("", "nodes"): Selectable(frozenset({"metadata.name", "spec.unschedulable"})),
    ("", "pods"): Selectable(
        frozenset(
            {
                *_ALWAYS,
                "spec.hostNetwork",
                "spec.nodeName",
                "spec.restartPolicy",
                "spec.schedulerName",
                "spec.serviceAccountName",
                "status.nominatedNodeName",
                "status.phase",
                "status.podIP",
                "status.podIPs",
            }
        )
    ),
    ("", "replicationcontrollers"): Selectable(frozenset({*_ALWAYS, "status.replicas"})),
    ("", "secrets"): Selectable(frozenset({*_ALWAYS, "type"})),
    ("", "services"): Selectable(frozenset({*_ALWAYS, "spec.clusterIP", "spec.type"})),
    ("events.k8s.io", "events"): Selectable(
        frozenset(
            {
                *_ALWAYS,
                "reason",
                "regarding.apiVersion",
                "regarding.fieldPath",
                "regarding.kind",
                "regarding.name",
                "regarding.namespace",
                "regarding.resourceVersion",
                "regarding.uid",
                "reportingController",
                "type",
            }
        )
    ),
    ("batch", "jobs"): Selectable(frozenset({*_ALWAYS, "status.successful"}), _for_job),
    ("certificates.k8s.io", "certificatesigningrequests"): Selectable(
        frozenset({"metadata.name", "spec.signerName"})
    ),
    ("resource.k8s.io", "resourceslices"): Selectable(
        frozenset({"metadata.name", "spec.driver", "spec.nodeName"}), _for_slice
    ),
}


def selectable(kind: Kind) -> Selectable:
    """What selectors may name of a built-in kind."""
    return _SELECTABLE.get((kind.group, kind.plural), _DEFAULT)


def check(kind: Kind, selector: FieldSelector) -> None:
    """Raise SelectorError for the first field that selectors may not name."""
    known = selectable(kind)
    for requirement in selector.requirements:
        if requirement.field not in known.fields:
            raise SelectorError(known.refuse(requirement.field))


def check_custom(selector: FieldSelector, fields: frozenset[str], *, namespaced: bool) -> None:
    """`check` for a custom resource that declares `fields` (`spec.color`) as selectable."""
    known = fields | {"metadata.name"} | ({"metadata.namespace"} if namespaced else frozenset())
    for requirement in selector.requirements:
        if requirement.field not in known:
            raise SelectorError(_plainly(requirement.field))
