"""`debug`: a container more in a pod, or a copy of a pod to try things on."""

from typing import Any

from knarr.cli.attaching import attach_to_new
from knarr.cli.command import Command
from knarr.cli.debugging import copy_of, debugger, node_pod
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, array, text, truth
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.pods_of import pod_of
from knarr.cli.resources import label
from knarr.cli.session import Session
from knarr.client.dynamic import Write

Json = dict[str, Any]

_MANAGER = Write(field_manager="kubectl-debug")


def run(session: Session, arguments: Arguments) -> int | None:
    """Add the container, or make the copy."""
    words = list(arguments.words)
    if is_file_given(arguments):
        words[:0] = [f"{label(one.kind)}/{one.name}" for one in files_of(session, arguments)[:1]]
    if not words:
        raise CliError("NAME is required for debug: a pod, TYPE/NAME or node/NAME")
    command = arguments.after_dash if arguments.after_dash is not None else words[1:]
    if words[0].startswith(("node/", "nodes/", "no/")):
        if not arguments.text("image"):
            raise CliError("you must specify --image when not using --set-image.")
        return _on_node(session, arguments, words[0].partition("/")[2], command)
    if not (arguments.text("image") or arguments.list("set-image") or arguments.text("copy-to")):
        raise CliError("you must specify --image, --copy-to or --set-image")
    pod = pod_of(session, words[0])
    if arguments.text("copy-to"):
        return _copy(session, arguments, pod, command)
    return _add(session, arguments, pod, command)


def _tell_name(session: Session, arguments: Arguments, name: str) -> None:
    if not arguments.truth("quiet") and not arguments.text("container"):
        session.tell(f"Defaulting debug container name to {name}.")


def _is_joining(arguments: Arguments) -> bool:
    if "attach" in arguments.given:
        return arguments.truth("attach")
    return arguments.truth("stdin")


def _add(session: Session, arguments: Arguments, pod: Json, command: list[str]) -> int | None:
    container = debugger(arguments, command)
    if arguments.text("target"):
        container["targetContainerName"] = arguments.text("target")
        if not arguments.truth("quiet"):
            session.tell(
                f'Targeting container "{arguments.text("target")}". If you don\'t see processes '
                "from this container it may be because the container runtime doesn't support this "
                "feature."
            )
    _tell_name(session, arguments, container["name"])
    meta = pod["metadata"]
    session.client.patch(
        session.resources.find("pods"),
        meta["namespace"],
        meta["name"],
        {"spec": {"ephemeralContainers": [container]}},
        _MANAGER,
        patch_type="strategic",
        subresource="ephemeralcontainers",
    )
    return _join(session, arguments, meta["name"], container["name"])


def _join(session: Session, arguments: Arguments, pod: str, container: str) -> int | None:
    if not _is_joining(arguments):
        return None
    arguments.values["container"] = container
    return attach_to_new(session, arguments, pod)


def _copy(session: Session, arguments: Arguments, pod: Json, command: list[str]) -> int | None:
    kind = session.resources.find("pods")
    made, container = copy_of(arguments, pod, command)
    made["metadata"]["namespace"] = namespace = pod["metadata"]["namespace"]
    known = [one["name"] for one in pod["spec"]["containers"]]
    if container not in known:
        _tell_name(session, arguments, container)
    session.client.create(kind, made, _MANAGER, namespace=namespace)
    if arguments.truth("replace"):
        session.client.delete(kind, namespace, pod["metadata"]["name"])
    return _join(session, arguments, made["metadata"]["name"], container)


def _on_node(session: Session, arguments: Arguments, name: str, command: list[str]) -> int | None:
    session.client.get(session.resources.find("nodes"), "", name)
    pod = node_pod(arguments, name, command)
    pod["metadata"]["namespace"] = session.namespace
    session.client.create(
        session.resources.find("pods"), pod, _MANAGER, namespace=session.namespace
    )
    pod_name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
    if not arguments.truth("quiet"):
        session.say(f"Creating debugging pod {pod_name} with container {container} on node {name}.")
    return _join(session, arguments, pod_name, container)


COMMAND = Command(
    about="Debug a pod by a container more in it, by a copy of it, or debug a node.",
    usage="debug (POD | TYPE/NAME | node/NAME) [-- COMMAND [args...]]",
    examples="""
# Make a copy of a pod with another image
knarr debug web --copy-to=web-copy --set-image='*=web:debug'

# Add a container to a pod that runs
knarr debug web --image=busybox -c looker -- sleep 1000
""",
    flags=(
        text("image", help="Container image to use for debug container"),
        text("container", "c", help="Container name to use for debug container"),
        text("copy-to", help="Create a copy of the target Pod with this name"),
        array("set-image", help="name=image pairs for the copy's containers"),
        array("env", help="Environment variables to set in the container"),
        text("target", help="Target the processes in this container"),
        text("image-pull-policy", help="The image pull policy for the container"),
        text(
            "profile",
            default="general",
            help="general, baseline, restricted, netadmin, sysadmin or legacy",
        ),
        text("custom", help="A file with part of a container, to be merged into the one added"),
        *file_flags("identifying the resource to debug")[:1],
        truth("replace", help="Delete the original pod"),
        truth("same-node", help="Keep the copy on the same node"),
        truth("share-processes", default=True, help="Let the copy's containers see each other"),
        truth("keep-labels", help="Keep the labels"),
        truth("keep-annotations", help="Keep the annotations"),
        truth("keep-init-containers", default=True, help="Keep the init containers"),
        truth("keep-startup", help="Keep startup probes"),
        truth("keep-readiness", help="Keep readiness probes"),
        truth("keep-liveness", help="Keep liveness probes"),
        truth("arguments-only", help="The words after -- are arguments of the image's command"),
        truth("stdin", "i", help="Pass stdin to the container"),
        truth("tty", "t", help="Stdin is a TTY"),
        truth("attach", help="Wait for the container to start, and attach to it"),
        truth("quiet", "q", help="Say nothing"),
    ),
    run=run,
)
