"""`cluster-info`: where the cluster answers; and all that is in it, for a report."""

from pathlib import Path
from typing import Any

from knarr.cli.command import Command
from knarr.cli.flags import Arguments, text, truth, words
from knarr.cli.node_calls import logs
from knarr.cli.output.printer import PRINT_FLAGS, list_of, printer_of
from knarr.cli.pods_of import container_names
from knarr.cli.session import Session
from knarr.client.dynamic import Selection, StatusError
from knarr.proto import node_pb2 as pb

Json = dict[str, Any]

DUMPED = (
    "events", "replicationcontrollers", "services", "daemonsets", "deployments", "replicasets",
    "pods",
)  # fmt: skip
_FILES = {"replicationcontrollers": "replication-controllers"}
"""Kinds whose file is called otherwise."""

_SYSTEM = Selection(labels="kubernetes.io/cluster-service=true")


def _info(session: Session, arguments: Arguments) -> int | None:
    session.say(f"Kubernetes control plane is running at {session.target.server}")
    services = session.client.list(session.resources.find("services"), "kube-system", _SYSTEM)
    for one in services.objects:
        name = (one["metadata"].get("labels") or {}).get("kubernetes.io/name")
        name = name or one["metadata"]["name"]
        path = f"/api/v1/namespaces/kube-system/services/{one['metadata']['name']}/proxy"
        session.say(f"{name} is running at {session.target.server}{path}")
    session.say("")
    session.say(
        "To further debug and diagnose cluster problems, use "
        f"'{session.program} cluster-info dump'."
    )
    return None


def _dump(session: Session, arguments: Arguments) -> int | None:
    out = _Output(session, arguments)
    spaces = arguments.list("namespaces") or [session.namespace, "kube-system"]
    if arguments.truth("all-namespaces"):
        listed = session.client.list(session.resources.find("namespaces")).objects
        spaces = [one["metadata"]["name"] for one in listed]
    nodes = session.client.list(session.resources.find("nodes")).objects
    out.objects("nodes", nodes)
    for namespace in dict.fromkeys(spaces):
        pods: list[Json] = []
        for word in DUMPED:
            found = session.client.list(session.resources.find(word), namespace).objects
            out.objects(f"{namespace}/{_FILES.get(word, word)}", found)
            pods = found if word == "pods" else pods
        for pod in pods:
            out.logs(pod)
    out.end()
    return None


class _Output:
    """Where a dump goes: standard output, or files below a folder."""

    def __init__(self, session: Session, arguments: Arguments) -> None:
        self._session = session
        output = arguments.text("output") or "json"
        arguments.values["output"] = output
        printer = printer_of(arguments)
        assert printer is not None, "a dump prints objects"
        self._printer = printer
        self._suffix = output if output in ("json", "yaml") else "txt"
        place = arguments.text("output-directory")
        self._folder = Path(place) if place not in ("", "-") else None

    def objects(self, name: str, objects: list[Json]) -> None:
        self._put(f"{name}.{self._suffix}", self._printer(list_of(objects)))

    def logs(self, pod: Json) -> None:
        """What a pod's containers wrote."""
        meta = pod["metadata"]
        parts: list[str] = []
        for name in container_names(pod, init=False):
            target = pb.ContainerTarget(
                namespace=meta["namespace"], pod=meta["name"], container=name
            )
            head = f"container {name} of pod {meta['namespace']}/{meta['name']} ====\n"
            parts.append(f"==== START logs for {head}")
            try:
                pieces = logs(self._session.client, pb.LogsRequest(target=target))
                parts += [piece.decode(errors="replace") for piece in pieces]
            except StatusError as error:
                parts.append(f"{error.message}\n")
            parts.append(f"==== END logs for {head}")
        self._put(f"{meta['namespace']}/{meta['name']}/logs.txt", "".join(parts))

    def _put(self, name: str, text_of_it: str) -> None:
        if self._folder is None:
            self._session.write(text_of_it)
            return
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_of_it)

    def end(self) -> None:
        """Say where it is."""
        if self._folder is not None:
            self._session.say(f"Cluster info dumped to {self._folder}")


COMMANDS = {
    "": Command(
        about="Say where the cluster answers.",
        usage="cluster-info",
        examples="\n# Say where the cluster answers\nknarr cluster-info\n",
        run=_info,
    ),
    "dump": Command(
        about="Print the objects that tell of a cluster's state.",
        usage="cluster-info dump [flags]",
        examples="\n# Print them\nknarr cluster-info dump --namespaces=default\n",
        flags=(
            *PRINT_FLAGS,
            words("namespaces", help="The namespaces to print"),
            truth("all-namespaces", "A", help="Print all namespaces"),
            text("output-directory", help="Write files into this folder"),
            text("pod-running-timeout", default="20s", help="Ignored: only what is there is read"),
        ),
        run=_dump,
    ),
}
