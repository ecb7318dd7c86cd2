"""What rules ask of the cluster."""

from functools import cache
from typing import Any

from knarr.cli.events_of import events_of
from knarr.cli.selecting import Found
from knarr.cli.selectors_of import selector_text
from knarr.cli.session import Session
from knarr.client.dynamic import Selection, StatusError

Json = dict[str, Any]


class Facts:
    """The cluster as rules see it; each question is asked once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.list = cache(self._list)
        self.get = cache(self._get)

    def _list(self, word: str, namespace: str = "", labels: str = "") -> tuple[Json, ...]:
        kind = self._session.resources.find(word)
        page = self._session.client.list(kind, namespace, Selection(labels=labels))
        return tuple({**one, "kind": one.get("kind", kind.name)} for one in page.objects)

    def _get(self, word: str, namespace: str, name: str) -> Json | None:
        kind = self._session.resources.find(word)
        try:
            return self._session.client.get(kind, namespace, name)
        except StatusError as error:
            if error.reason == "NotFound":
                return None
            raise

    def events(self, obj: Json) -> list[Json]:
        """The events about an object."""
        kind = self._session.resources.of(obj["apiVersion"], obj["kind"])
        assert kind is not None, "an object that was read has a kind"
        meta = obj["metadata"]
        return events_of(self._session, Found(kind, meta.get("namespace", ""), meta["name"], obj))

    def owned(self, word: str, obj: Json) -> list[Json]:
        """The objects of a kind that an object controls."""
        uid = obj["metadata"]["uid"]
        namespace = obj["metadata"].get("namespace", "")
        return [
            one
            for one in self.list(word, namespace)
            if any(owner["uid"] == uid for owner in one["metadata"].get("ownerReferences") or [])
        ]

    def selected(self, obj: Json) -> list[Json]:
        """The pods that an object's selector finds."""
        selector = (obj.get("spec") or {}).get("selector")
        if not selector:
            return []
        return list(self.list("pods", obj["metadata"]["namespace"], selector_text(selector)))
