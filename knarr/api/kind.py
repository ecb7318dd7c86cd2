"""What is known of a resource that the API serves: its names, its verbs, its type.

A kind names its type by path, so that a program which needs one does not import all.
"""

from functools import cache
from importlib import import_module

from msgspec import Struct

from knarr.api.structs import ApiStruct

ALL_VERBS = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)


class Subresource(Struct, frozen=True):
    """A part of a resource with an address of its own, such as `pods/status`."""

    name: str
    verbs: tuple[str, ...]
    kind: str
    group: str = ""
    version: str = ""


class PrinterColumn(Struct, frozen=True):
    """A column of a custom resource's table, and where in the object its value is."""

    name: str
    type: str
    json_path: str
    format: str = ""
    description: str = ""
    priority: int = 0


class Kind(Struct, frozen=True):
    """One resource: its names, its verbs and the type of its objects."""

    group: str
    version: str
    plural: str
    name: str
    type_path: str
    namespaced: bool = True
    verbs: tuple[str, ...] = ALL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    singular: str = ""
    list_name: str = ""
    columns: tuple[PrinterColumn, ...] = ()
    """Columns that a custom resource shows after its name."""
    stored_version: str = ""
    """The version that custom objects are stored in, where it is another."""
    deprecation: str = ""
    """What every answer about a deprecated version warns of."""

    @property
    def api_version(self) -> str:
        """Group and version as `apiVersion` spells them: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """Plural and group as messages spell them: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def type(self) -> type[ApiStruct]:
        """The type of the objects. Raise LookupError for a custom resource, which has none."""
        if not self.type_path:
            raise LookupError(f"{self.resource} has no type of its own")
        return _type_at(self.type_path)


@cache
def _type_at(path: str) -> type[ApiStruct]:
    module, _, name = path.partition(":")
    found: type[ApiStruct] = getattr(import_module(f"knarr.api.{module}"), name)
    return found
