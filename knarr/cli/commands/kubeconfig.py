"""`kubeconfig`: the part of the kubeconfig that leads to the cluster that is meant."""

import base64
from typing import Any

from knarr.cli.command import Command
from knarr.cli.flags import Arguments
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.session import Session


def run(session: Session, arguments: Arguments) -> int | None:
    """Print it, secrets included."""
    target, config = session.target, session.config
    cluster = dict(config.clusters.get(target.cluster, {}))
    cluster.pop("certificate-authority", None)
    if target.authority:
        cluster["certificate-authority-data"] = base64.b64encode(target.authority).decode()
    user: dict[str, Any] = {"token": target.token} if target.token else {}
    if target.certificate:
        user["client-certificate-data"] = base64.b64encode(target.certificate).decode()
        user["client-key-data"] = base64.b64encode(target.key).decode()
    context = dict(config.contexts.get(target.context, {}))
    session.write(
        yaml_text(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "preferences": {},
                "clusters": [{"name": target.cluster, "cluster": cluster}],
                "users": [{"name": target.user, "user": user}],
                "contexts": [{"name": target.context, "context": context}],
                "current-context": target.context,
            }
        )
    )
    return None


COMMAND = Command(
    about="Print the kubeconfig of the cluster that is meant, whole and with its secrets.",
    usage="kubeconfig",
    examples="""
# Take the kubeconfig elsewhere
knarr kubeconfig > cluster.kubeconfig
""",
    run=run,
)
