"""Lets pods stay for a while on a node that is in trouble."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, View
from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import Toleration

_TROUBLES = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class DefaultTolerationSeconds(Admission):
    """Adds the tolerations of trouble that a pod does not name itself."""

    interests: ClassVar[frozenset[Interest]] = frozenset({("", "pods")})

    def __init__(self, seconds: int) -> None:
        self._defaults = {
            key: Toleration(
                key=key, operator="Exists", effect="NoExecute", toleration_seconds=seconds
            )
            for key in _TROUBLES
        }

    async def admit(self, attributes: Attributes, view: View) -> Pod:
        """Add what is missing."""
        pod: Pod = attributes.object
        if attributes.old is not None:
            return pod
        tolerations = pod.spec.tolerations
        missing = tuple(
            default for key, default in self._defaults.items() if not _tolerates(tolerations, key)
        )
        if not missing:
            return pod
        return replace(pod, spec=replace(pod.spec, tolerations=(*tolerations, *missing)))


def _tolerates(tolerations: Sequence[Toleration], key: str) -> bool:
    return any(each.key in (key, "") and each.effect in ("NoExecute", "") for each in tolerations)
