"""Nothing is made in a namespace that is not there or on its way out."""

from typing import ClassVar

from apiserver.admission.admission import Admission, Attributes, Operation, View
from knarr.api.core.namespace import Namespace
from knarr.api.errors import ForbiddenError, NotFoundError
from knarr.api.meta.status import StatusCause, StatusDetails

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
"""Namespaces that cannot be deleted."""


class NamespaceLifecycle(Admission):
    """Looks after the namespace of whatever is made, and keeps the immortal ones alive."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE", "DELETE"})
    subresources: ClassVar[frozenset[str]] = frozenset({""})

    async def admit(self, attributes: Attributes, view: View) -> object:
        """Refuse what is made in a namespace that cannot take it."""
        name = attributes.namespace
        if attributes.operation != "CREATE" or not name or not attributes.kind.namespaced:
            return attributes.object
        if attributes.kind.plural == "localsubjectaccessreviews":
            return attributes.object
        namespace = view.get(Namespace, "", name) or await view.get_live(Namespace, "", name)
        if namespace is None:
            raise NotFoundError(
                f'namespaces "{name}" not found',
                details=StatusDetails(name=name, kind="namespaces"),
            )
        if namespace.metadata.deletion_timestamp is not None:
            raise _terminating(attributes)
        return attributes.object

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Keep the immortal namespaces."""
        kind = attributes.kind
        if attributes.operation != "DELETE" or (kind.group, kind.plural) != ("", "namespaces"):
            return
        if attributes.name in IMMORTAL:
            raise ForbiddenError(
                f'namespaces "{attributes.name}" is forbidden: this namespace may not be deleted',
                details=StatusDetails(name=attributes.name, kind="namespaces"),
            )


def _terminating(attributes: Attributes) -> ForbiddenError:
    kind, namespace = attributes.kind, attributes.namespace
    return ForbiddenError(
        f'{kind.resource} "{attributes.name}" is forbidden: unable to create new content in '
        f"namespace {namespace} because it is being terminated",
        details=StatusDetails(
            name=attributes.name,
            group=kind.group,
            kind=kind.plural,
            causes=(
                StatusCause(
                    reason="NamespaceTerminating",
                    message=f"namespace {namespace} is being terminated",
                    field="metadata.namespace",
                ),
            ),
        ),
    )
