"""`debug`: a container more in a pod, or a copy of a pod to try things on."""

from typing import Any

from knarr.cli.attaching import attach_to_new
from knarr.cli.changing import copied
from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, array, pairs, text, truth
from knarr.cli.pods_of import pod_of
from knarr.cli.session import Session
from knarr.client.dynamic import Write
from knarr.daemon.clock import seeded

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """Add the container, or make the copy."""
    if not arguments.words:
        raise CliError("NAME is required for debug: a pod, TYPE/NAME or node/NAME")
    word = arguments.words[0]
    command = arguments.after_dash if arguments.after_dash is not None else arguments.words[1:]
    if word.startswith(("node/", "nodes/", "no/")):
        return _on_node(session, arguments, word.partition("/")[2], command)
    if not arguments.text("image") and not arguments.text("copy-to"):
        raise CliError("you must specify --image, --copy-to or --set-image")
    pod = pod_of(session, word)
    if arguments.text("copy-to"):
        return _copy(session, arguments, pod, command)
    return _add(session, arguments, pod, command)


def _container(arguments: Arguments, command: list[str]) -> Json:
    name = arguments.text("container") or f"debugger-{seeded().randrange(16**5):05x}"
    container: Json = {
        "name": name,
        "image": arguments.text("image"),
        "imagePullPolicy": arguments.text("image-pull-policy") or "IfNotPresent",
        "terminationMessagePolicy": "File",
    }
    if command:
        container["args" if arguments.truth("arguments-only") else "command"] = command
    if arguments.list("env"):
        container["env"] = [
            {"name": key, "value": value} for key, value in pairs(arguments.list("env")).items()
        ]
    for flag in ("stdin", "tty"):
        if arguments.truth(flag):
            container[flag] = True
    return container


def _add(session: Session, arguments: Arguments, pod: Json, command: list[str]) -> int | None:
    container = _container(arguments, command)
    if arguments.text("target"):
        container["targetContainerName"] = arguments.text("target")
    kind = session.resources.find("pods")
    meta = pod["metadata"]
    patch = {"spec": {"ephemeralContainers": [container]}}
    session.client.patch(
        kind,
        meta["namespace"],
        meta["name"],
        patch,
        Write(field_manager="kubectl-debug"),
        patch_type="strategic",
        subresource="ephemeralcontainers",
    )
    if not arguments.truth("quiet"):
        session.tell(f"Defaulting debug container name to {container['name']}.")
    if arguments.truth("stdin") or arguments.truth("attach"):
        return attach_to_new(session, arguments, meta["name"])
    return None


def _copied_spec(arguments: Arguments, pod: Json, command: list[str]) -> Json:
    spec: Json = copied(pod["spec"])
    spec.pop("ephemeralContainers", None)
    if not arguments.truth("same-node"):
        spec.pop("nodeName", None)
    images = pairs(arguments.list("set-image"))
    dropped = [key for key in ("readiness", "liveness") if not arguments.truth(f"keep-{key}")]
    for container in spec["containers"]:
        container["image"] = images.get(container["name"], images.get("*", container["image"]))
        if arguments.text("container") == container["name"] and command:
            container["command"] = command
        for key in dropped:
            container.pop(f"{key}Probe", None)
    if arguments.text("image"):
        spec["containers"].append(_container(arguments, command))
    return spec


def _copy(session: Session, arguments: Arguments, pod: Json, command: list[str]) -> int | None:
    spec = _copied_spec(arguments, pod, command)
    metadata: Json = {"name": arguments.text("copy-to"), "namespace": session.namespace}
    if arguments.truth("keep-labels"):
        metadata["labels"] = pod["metadata"].get("labels") or {}
    kind = session.resources.find("pods")
    made = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    session.client.create(
        kind, made, Write(field_manager="kubectl-debug"), namespace=session.namespace
    )
    if arguments.truth("replace"):
        session.client.delete(kind, session.namespace, pod["metadata"]["name"])
    session.say(f"pod/{metadata['name']} created")
    return None


def _on_node(session: Session, arguments: Arguments, name: str, command: list[str]) -> int | None:
    container = {**_container(arguments, command), "name": "debugger"}
    container["volumeMounts"] = [{"mountPath": "/host", "name": "host-root"}]
    pod_name = f"node-debugger-{name}-{seeded().randrange(16**5):05x}"
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod_name, "namespace": session.namespace},
        "spec": {
            "containers": [container],
            "nodeName": name,
            "hostNetwork": True,
            "hostPID": True,
            "hostIPC": True,
            "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
            "volumes": [{"name": "host-root", "hostPath": {"path": "/"}}],
        },
    }
    session.client.create(
        session.resources.find("pods"),
        pod,
        Write(field_manager="kubectl-debug"),
        namespace=session.namespace,
    )
    session.say(f"Creating debugging pod {pod_name} with container debugger on node {name}.")
    if arguments.truth("stdin") or arguments.truth("attach"):
        return attach_to_new(session, arguments, pod_name)
    return None


COMMAND = Command(
    about="Debug a pod by a container more in it, by a copy of it, or debug a node.",
    usage="debug (POD | TYPE/NAME | node/NAME) [-- COMMAND [args...]]",
    examples="""
# Make a copy of a pod with another image
knarr debug web --copy-to=web-copy --set-image='*=web:debug'
""",
    flags=(
        text("image", help="Container image to use for debug container"),
        text("container", "c", help="Container name to use for debug container"),
        text("copy-to", help="Create a copy of the target Pod with this name"),
        array("set-image", help="name=image pairs for the copy's containers"),
        array("env", help="Environment variables to set in the container"),
        text("target", help="Target the processes in this container"),
        text("image-pull-policy", help="The image pull policy for the container"),
        text("profile", default="legacy", help="Ignored"),
        truth("replace", help="Delete the original pod"),
        truth("same-node", help="Keep the copy on the same node"),
        truth("share-processes", default=True, help="Ignored"),
        truth("keep-labels", help="Keep the labels"),
        truth("keep-readiness", help="Keep readiness probes"),
        truth("keep-liveness", help="Keep liveness probes"),
        truth("arguments-only", help="The words after -- are arguments of the image's command"),
        truth("stdin", "i", help="Pass stdin to the container"),
        truth("tty", "t", help="Stdin is a TTY"),
        truth("attach", help="Wait for the container to start, and attach to it"),
        truth("quiet", "q", help="Say nothing"),
        truth("rm", help="Delete the pod afterwards"),
    ),
    run=run,
)
