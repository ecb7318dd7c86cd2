"""`cluster-info`: where the cluster answers; and all that is in it, for a report."""

from knarr.cli.command import Command
from knarr.cli.flags import Arguments, text, truth, words
from knarr.cli.output.json_text import json_text
from knarr.cli.output.printer import list_of, without_managed_fields
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.session import Session
from knarr.client.dynamic import Selection

DUMPED = (
    "events", "replicationcontrollers", "services", "daemonsets", "deployments", "replicasets",
    "pods",
)  # fmt: skip
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
    printed = json_text if arguments.text("output") == "json" else yaml_text
    spaces = arguments.list("namespaces") or [session.namespace, "kube-system"]
    if arguments.truth("all-namespaces"):
        spaces = [""]
    nodes = session.client.list(session.resources.find("nodes")).objects
    session.write(printed(list_of([without_managed_fields(one) for one in nodes])))
    for namespace in dict.fromkeys(spaces):
        for word in DUMPED:
            objects = session.client.list(session.resources.find(word), namespace).objects
            session.write(printed(list_of([without_managed_fields(one) for one in objects])))
    return None


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
            text("output", "o", default="json", help="json or yaml"),
            words("namespaces", help="The namespaces to print"),
            truth("all-namespaces", "A", help="Print all namespaces"),
            text("output-directory", help="Ignored: everything goes to standard output"),
        ),
        run=_dump,
    ),
}
