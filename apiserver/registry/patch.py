"""Makes the wanted object from a stored one and a patch."""

from collections.abc import Callable
from dataclasses import dataclass

from apiserver.registry.core import Core
from apiserver.registry.parts import Object
from apiserver.registry.request import Body, PatchType, Request
from apiserver.registry.resource import Resource
from apiserver.storage.entry import Entry
from knarr.api.errors import UnsupportedMediaTypeError
from knarr.api.kinds import Kind


@dataclass(frozen=True, slots=True)
class Patch:
    """A patch as it was sent."""

    type: PatchType
    body: Body
    force: bool = False


def patching(
    core: Core, request: Request, resource: Resource, kind: Kind, patch: Patch
) -> Callable[[Entry | None], Object]:
    """The change a patch asks for. Raise what is wrong with its text."""
    del core, request, resource, kind
    raise UnsupportedMediaTypeError(f"{patch.type.value} is not supported yet")
