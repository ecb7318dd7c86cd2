"""The shape of an admission plugin, and the chain that asks them in order.

A plugin says which operations on which resources it wants to see; it may
answer a changed object (`admit`) or refuse it (`validate`) by raising an
ApiError. All `admit` before any `validate`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any, ClassVar, Literal, Protocol

from msgspec import Struct, field

from knarr.api.kind import Kind
from knarr.api.structs import ApiStruct

Operation = Literal["CREATE", "UPDATE", "DELETE", "CONNECT"]


class View(Protocol):
    """What plugins see of the cluster beyond the object at hand."""

    def get(self, object_type: type[ApiStruct], namespace: str, name: str) -> Any | None:
        """An object as the watch cache has it, None where there is none."""
        ...

    async def get_live(self, object_type: type[ApiStruct], namespace: str, name: str) -> Any | None:
        """An object as the store has it at this moment."""
        ...

    def list(self, object_type: type[ApiStruct], namespace: str = "") -> Sequence[Any]:
        """The objects of a kind as the watch cache has them, in one namespace or in all."""
        ...

    async def write_status(self, obj: Any) -> bool:
        """Store an object with a changed status; False when another was faster."""
        ...


class Attributes(Struct, kw_only=True):
    """What plugins are told of a request. Only the chain changes it: `object` as they answer."""

    operation: Operation
    kind: Kind
    namespace: str
    name: str
    subresource: str = ""
    object_kind: Kind | None = None
    """What `object` is, where a subresource takes another kind than its resource's."""
    object: Any = None
    """The object as it would be stored; for deletes None."""
    old: Any = None
    """The object as it is stored; for creates None."""
    user: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)
    now: datetime
    rng: Random
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    audit: dict[str, str] = field(default_factory=dict)
    """What the audit log will say beside the request."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What plugins remember between the first round and the second."""
    reinvoke: bool = False
    """Set by a plugin that changed the object in a way others should see: all look again."""
    is_reinvocation: bool = False
    """Whether this is the second round."""


Interest = tuple[str, str]
"""A resource a plugin wants to see: group and plural, either of them `*`."""


class Admission:
    """One plugin. It overrides `admit`, `validate` or both."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE", "UPDATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset({("*", "*")})
    subresources: ClassVar[frozenset[str]] = frozenset({""})
    """Subresources it wants to see; the empty one is the object itself; `*` all."""

    async def admit(self, attributes: Attributes, view: View) -> Any:
        """The object, changed or not."""
        return attributes.object

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Raise an ApiError to refuse the request."""

    def wants(self, operation: Operation, kind: Kind, subresource: str) -> bool:
        """Whether the plugin is to be asked."""
        if operation not in self.operations:
            return False
        if subresource not in self.subresources and "*" not in self.subresources:
            return False
        return any(
            (kind.group, kind.plural) == (group, plural)
            or (group in ("*", kind.group) and plural == "*")
            for group, plural in self.interests
        )


def _overrides(plugin_type: type[Admission], method: str) -> bool:
    return getattr(plugin_type, method) is not getattr(Admission, method)


class Chain:
    """The plugins in order."""

    def __init__(self, plugins: Sequence[Admission]) -> None:
        self._plugins = tuple(plugins)
        self._chosen: dict[tuple[str, str, str, str, str], tuple[Admission, ...]] = {}

    def admitting(
        self, operation: Operation, kind: Kind, subresource: str
    ) -> tuple[Admission, ...]:
        """The plugins that may change such an object."""
        return self._choose("admit", operation, kind, subresource)

    def validating(
        self, operation: Operation, kind: Kind, subresource: str
    ) -> tuple[Admission, ...]:
        """The plugins that may refuse such a request."""
        return self._choose("validate", operation, kind, subresource)

    def _choose(
        self, method: str, operation: Operation, kind: Kind, subresource: str
    ) -> tuple[Admission, ...]:
        key = (method, operation, kind.group, kind.plural, subresource)
        chosen = self._chosen.get(key)
        if chosen is None:
            chosen = tuple(
                plugin
                for plugin in self._plugins
                if _overrides(type(plugin), method) and plugin.wants(operation, kind, subresource)
            )
            self._chosen[key] = chosen
        return chosen
