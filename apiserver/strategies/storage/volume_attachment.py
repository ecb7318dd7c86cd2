"""Rules of a VolumeAttachment."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.rules import immutable
from apiserver.strategies.storage.storage_class import csi_driver_name
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.field_errors import FieldError, broken_names, forbidden, required
from knarr.api.printing.storage import volume_attachment_row
from knarr.api.storage.volume_attachment import VolumeAttachment, VolumeAttachmentSource

ONE_OF = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


class VolumeAttachmentRules(Strategy[VolumeAttachment]):
    """What holds for a VolumeAttachment."""

    has_generation = False
    unconditional_update = False

    def validate(self, obj: VolumeAttachment) -> Iterable[FieldError]:
        """Who attaches what to which node."""
        yield from csi_driver_name(obj.spec.attacher, "spec.attacher")
        yield from _source(obj.spec.source, "spec.source")
        yield from broken_names(
            "spec.nodeName", obj.spec.node_name, names.dns_subdomain(obj.spec.node_name)
        )

    def validate_update(self, obj: VolumeAttachment, old: VolumeAttachment) -> Iterable[FieldError]:
        """All of it stays."""
        return immutable(obj.spec, old.spec, "spec")

    def row(self, obj: VolumeAttachment, now: datetime) -> Sequence[Any]:
        """Name, attacher, volume, node, attached, age."""
        return volume_attachment_row(obj, now)


def _source(source: VolumeAttachmentSource, path: str) -> Iterator[FieldError]:
    inline, name = source.inline_volume_spec, source.persistent_volume_name
    if inline is None and name is None:
        yield required(path, ONE_OF)
    elif inline is not None and name is not None:
        yield forbidden(path, ONE_OF)
    elif name is not None and not name:
        yield required(
            f"{path}.persistentVolumeName", "must specify non empty persistentVolumeName"
        )
