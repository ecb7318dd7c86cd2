"""Concurrent clients that write, read and watch ConfigMaps and take down what they see.

Values are told apart by the client and call that wrote them. A client gives
up on an answer as any client would: what it does not know it calls unknown.
"""

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any

from apiserver.storage.store import Store
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    NotFoundError,
    RequestTimeoutError,
    ServiceUnavailableError,
)
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions, Preconditions
from knarr.client.client import Client
from tests.history.record import Call, Outcome, Recorder, Seen, Write

NAMESPACE = "default"
KEYS = tuple("abcdef")
LABEL = {"history": "yes"}
PREFIX = f"/registry/configmaps/{NAMESPACE}/"
LOST_S = 0.1
LOST = (ServiceUnavailableError, RequestTimeoutError)


def _map(name: str, value: str, revision: int = 0) -> ConfigMap:
    return ConfigMap(
        metadata=ObjectMeta(
            namespace=NAMESPACE,
            name=name,
            labels=LABEL,
            resource_version=str(revision) if revision else "",
        ),
        data={"value": value},
    )


def _value(found: ConfigMap) -> str:
    return found.data["value"]


def _revision(found: ConfigMap) -> int:
    return int(found.metadata.resource_version)


def _items(found: Sequence[ConfigMap]) -> dict[str, tuple[int, str]]:
    return {one.metadata.name: (_revision(one), _value(one)) for one in found}


class Worker:
    """A client that reads and writes; one call at a time."""

    def __init__(
        self, number: int, client: Client, recorder: Recorder, chance: random.Random
    ) -> None:
        self._number = number
        self._client = client
        self._recorder = recorder
        self._chance = chance
        self._known: dict[str, int] = {}
        self._count = 0

    async def run(self, stop: asyncio.Event, pause_s: float) -> None:
        """Call until told to stop."""
        while not stop.is_set():
            verb = self._chance.choice(("create", "update", "update", "delete", "get", "list"))
            await getattr(self, f"_{verb}")(self._chance.choice(KEYS))
            lost = self._recorder.history.calls[-1].outcome == "unknown"
            await asyncio.sleep(LOST_S if lost else self._chance.random() * pause_s)

    def _new_value(self) -> str:
        self._count += 1
        return f"{self._number}.{self._count}"

    async def _create(self, key: str) -> None:
        call = self._recorder.begin(self._number, "create", key, value=self._new_value())
        await self._write(call, self._client.create(_map(key, call.value)))

    async def _update(self, key: str) -> None:
        expected = self._known.get(key, 0)
        call = self._recorder.begin(
            self._number, "update", key, value=self._new_value(), expected=expected
        )
        await self._write(call, self._client.update(_map(key, call.value, expected)))

    async def _write(self, call: Call, asked: Any) -> None:
        outcome, found = await _outcome(asked)
        revision = _revision(found) if outcome == "ok" else 0
        self._end(call, outcome, found, revision)
        if outcome == "ok":
            self._known[call.key] = revision

    async def _delete(self, key: str) -> None:
        expected = self._known.pop(key, 0)
        if not expected:
            return
        call = self._recorder.begin(self._number, "delete", key, expected=expected)
        options = DeleteOptions(preconditions=Preconditions(resource_version=str(expected)))
        outcome, revision = await _outcome(
            self._client.delete(ConfigMap, Key(NAMESPACE, key), options)
        )
        self._end(call, outcome, revision, revision if outcome == "ok" else 0)

    async def _get(self, key: str) -> None:
        call = self._recorder.begin(self._number, "get", key)
        outcome, found = await _outcome(self._client.get(ConfigMap, Key(NAMESPACE, key)))
        if outcome != "ok":
            self._end(call, outcome, found)
            return
        self._known[key] = _revision(found)
        self._recorder.end(call, "ok", _revision(found), _value(found))

    async def _list(self, _key: str) -> None:
        call = self._recorder.begin(self._number, "list")
        outcome, found = await _outcome(
            self._client.list(ConfigMap, namespace=NAMESPACE, label_selector="history=yes")
        )
        if outcome == "ok":
            call.items = _items(found.items)
        self._end(call, outcome, found, found.revision if outcome == "ok" else 0)

    def _end(self, call: Call, outcome: Outcome, found: Any, revision: int = 0) -> None:
        call.lost = found if outcome == "unknown" else ""
        self._recorder.end(call, outcome, revision)


async def _outcome(asked: Any) -> tuple[Outcome, Any]:
    """What came of a call, and its answer or why there is none."""
    try:
        return "ok", await asked
    except AlreadyExistsError:
        return "exists", None
    except ConflictError:
        return "conflict", None
    except NotFoundError:
        return "absent", None
    except LOST as error:
        return "unknown", str(error)


async def watch(client: Client, notes: list[Seen]) -> None:
    """Watch as an informer does, on whichever server is there; note each word until cancelled."""
    reached = 0
    while True:
        try:
            if not reached:
                listed = await client.list(
                    ConfigMap, namespace=NAMESPACE, label_selector="history=yes"
                )
                reached = listed.revision
                notes.append(Seen("listed", reached, items=_items(listed.items)))
            else:
                notes.append(Seen("resumed", reached))
            async for batch in client.watch(
                ConfigMap, after=reached, namespace=NAMESPACE, label_selector="history=yes"
            ):
                for event in batch:
                    reached = event.revision
                    notes.append(_seen(event.type, event.object, event.revision))
        except ExpiredError:
            reached = 0
        except LOST:
            await asyncio.sleep(0.05)


def _seen(kind: str, found: ConfigMap | None, revision: int) -> Seen:
    if found is None:
        return Seen("bookmark", revision)
    name = found.metadata.name
    if kind == "DELETED":
        return Seen("delete", revision, name)
    return Seen("put", revision, name, _value(found))


async def log_of(store: Store) -> list[Write]:
    """What the store itself says was written to our keys, in order."""
    writes: list[Write] = []
    newest = await store.revision(PREFIX)
    async for batch in store.follow(PREFIX, after=0):
        for change in batch.changes:
            name = change.key.removeprefix(PREFIX)
            if name in KEYS:
                kept = json.loads(change.value)["data"]["value"] if change.type == "put" else None
                writes.append(Write(change.revision, name, kept))
        if batch.revision >= newest:
            break
    return writes
