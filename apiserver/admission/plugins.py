"""The plugins in the order in which they are asked."""

from apiserver.admission.admission import Admission
from apiserver.admission.namespace_lifecycle import NamespaceLifecycle


def default_plugins(*, tokens: bool, toleration_s: int) -> tuple[Admission, ...]:
    """What an API server asks unless it is told otherwise."""
    del tokens, toleration_s
    return (NamespaceLifecycle(),)
