"""The types of role binding in rbac."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.rbac.rules import RoleRef, Subject
from knarr.api.structs import ApiStruct


class RoleBinding(ApiStruct):
    """Gives rights in a namespace to users."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    role_ref: RoleRef
    """The role."""
    subjects: tuple[Subject, ...] = ()
    """The users, groups and service accounts."""
