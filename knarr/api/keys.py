"""The name of an object within its kind."""

from typing import NamedTuple


class Key(NamedTuple):
    """Namespace and name; the namespace of a cluster-wide object is empty."""

    namespace: str
    name: str

    def __str__(self) -> str:
        """default/web, or node-0 where there is no namespace."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name
