"""A line of JSON for each request: who asked what, and how it ended."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import msgspec

from apiserver.registry.request import User
from apiserver.rest.call import Call
from knarr.api import times


class AuditLog:
    """Writes the lines, in the form of audit.k8s.io/v1 at its level Metadata."""

    def __init__(self, path: str) -> None:
        self._file: TextIO = sys.stdout
        if path != "-":
            # Open as long as the server runs; each line is written out at once.
            self._file = Path(path).open("a", buffering=1)  # noqa: SIM115

    def close(self) -> None:
        """Close the file."""
        if self._file is not sys.stdout:
            self._file.close()

    def note(self, call: Call, *, by: User, code: int, received: datetime, done: datetime) -> None:
        """Write the line of a request that is answered."""
        self._file.write(msgspec.json.encode(event(call, by, code, received, done)).decode() + "\n")


def event(call: Call, by: User, code: int, received: datetime, done: datetime) -> dict[str, Any]:
    """What is said of a request."""
    request, path = call.request, call.path
    said: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": call.id,
        "stage": "ResponseComplete",
        "requestURI": request.raw_path,
        "verb": call.verb,
        "user": _user(by),
        "sourceIPs": [request.remote or ""],
        "userAgent": request.headers.get("User-Agent", ""),
        "responseStatus": {"metadata": {}, "code": code},
        "requestReceivedTimestamp": times.to_micro_time(received),
        "stageTimestamp": times.to_micro_time(done),
    }
    if by != call.user:
        said["impersonatedUser"] = _user(call.user)
    if call.annotations:
        said["annotations"] = call.annotations
    if path.is_resource:
        ref = {
            "resource": path.plural,
            "namespace": path.namespace,
            "name": path.name,
            "apiGroup": path.group,
            "apiVersion": path.version,
            "subresource": path.subresource,
        }
        said["objectRef"] = {key: value for key, value in ref.items() if value}
    return said


def _user(user: User) -> dict[str, Any]:
    said: dict[str, Any] = {"username": user.name, "groups": user.groups}
    if user.uid:
        said["uid"] = user.uid
    if user.extra:
        said["extra"] = dict(user.extra)
    return said
