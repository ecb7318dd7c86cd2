"""What is asked of a server of somebody else that an APIService leads to."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from msgspec import Struct


class Foreign(Struct, frozen=True):
    """A read of such a server, taken apart as rules for users see it."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    query: Mapping[str, str] = {}

    @property
    def path(self) -> str:
        """The path and query of the request: `/apis/GROUP/VERSION/…`."""
        where = ("namespaces", self.namespace) if self.namespace else ()
        parts = (*where, self.plural, self.name, self.subresource)
        # A star is a name that stands for all: it goes as it is.
        named = "/".join(quote(part, safe="*:|") for part in parts if part)
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"/apis/{self.group}/{self.version}/{named}{query}"

    @property
    def told(self) -> str:
        """How client libraries name it in their errors: `(get pods.custom.metrics.k8s.io *)`."""
        name = f" {self.name}" if self.name else ""
        return f"(get {self.plural}.{self.group}{name})"
