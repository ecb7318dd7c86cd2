"""`run`: one pod of an image."""

import re
from collections.abc import Iterator
from typing import Any

from knarr.cli.attaching import attach_to_new
from knarr.cli.command import Command
from knarr.cli.commands.create.making import SHARED_FLAGS
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, array, duration, number, pairs, text, truth
from knarr.cli.generators import metadata
from knarr.cli.manifests import known
from knarr.cli.output.printer import Results
from knarr.cli.overriding import OVERRIDE_FLAGS, overridden
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.cli.writing import create, dry_run_of, write_options

Json = dict[str, Any]

IMAGE = re.compile(
    r"(?:[a-zA-Z0-9][-.a-zA-Z0-9]*(?::\d+)?/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
    r"(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*"
    r"(?::\w[\w.-]{0,127})?(?:@[a-zA-Z][a-zA-Z0-9]*(?:[-_+.][a-zA-Z0-9]+)*:[0-9a-fA-F]{32,})?"
)
"""How images are named: registry, path, tag, digest."""

RESTART_POLICIES = ("Always", "OnFailure", "Never")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def run(session: Session, arguments: Arguments) -> int | None:
    """Make the pod, and a service for it when asked."""
    if "image" not in arguments.given:
        raise CliError('required flag(s) "image" not set')
    if not arguments.words:
        raise CliError("NAME is required for run")
    _check(arguments)
    if arguments.truth("rm") and not (arguments.truth("stdin") or arguments.truth("attach")):
        raise CliError("--rm should only be used for attached containers")
    name = arguments.words[0]
    labels = {"run": name}
    if arguments.list("labels"):
        labels = dict(pairs(",".join(arguments.list("labels")).split(",")))
    pods = session.resources.find("pods")
    objects = [overridden(arguments, pods, _pod(arguments, name, labels))]
    if arguments.truth("expose"):
        is_labelled = "labels" in arguments.given
        objects.append(_service(name, labels, arguments.text("port"), is_labelled=is_labelled))
    dry_run = dry_run_of(session, arguments)
    results = Results(session, arguments, dry_run=dry_run)
    for obj in objects:
        results.add(_made(session, arguments, obj, dry_run), "created")
    if dry_run == "none" and (arguments.truth("stdin") or arguments.truth("attach")):
        return attach_to_new(session, arguments, name)
    return None


def _check(arguments: Arguments) -> None:
    """Refuse what no pod can be made of. Raise CliError."""
    for wrong in _complaints(arguments):
        raise CliError(wrong)


def _complaints(arguments: Arguments) -> Iterator[str]:
    image, port = arguments.text("image"), arguments.text("port")
    if not image:
        yield "--image is required"
    elif not IMAGE.fullmatch(image):
        yield f'invalid image name "{image}": invalid reference format'
    for flag, what, words in (
        ("restart", "restart policy", RESTART_POLICIES),
        ("image-pull-policy", "image pull policy", PULL_POLICIES),
    ):
        if arguments.text(flag) not in ("", *words):
            told = f"valid values are: {', '.join(words)}"
            yield f"invalid {what}: {arguments.text(flag)}, {told}"
    if port and not port.isdigit():
        yield "--port must be a number"
    yield from (f"invalid env: {one}" for one in arguments.list("env") if "=" not in one)
    if arguments.seconds("pod-running-timeout") <= 0:
        yield "--pod-running-timeout must be higher than zero"
    attaches = any(arguments.truth(flag) for flag in ("attach", "stdin", "tty"))
    if attaches and arguments.text("dry-run") not in ("", "none"):
        yield (
            "--dry-run=[server|client] can't be used with attached containers options "
            "(--attach, --stdin, or --tty)"
        )


def _made(session: Session, arguments: Arguments, obj: Json, dry_run: str) -> Found:
    kind = session.resources.of(obj["apiVersion"], obj["kind"])
    assert kind is not None, "pods and services are built in"
    if dry_run == "client":
        if session.target.is_namespace_given:
            obj["metadata"]["namespace"] = session.namespace
        return Found(kind, "", obj["metadata"]["name"], obj)
    return create(session, known(session, obj, ""), write_options(session, arguments))


def _pod(arguments: Arguments, name: str, labels: dict[str, str]) -> Json:
    container: Json = {"name": name, "image": arguments.text("image"), "resources": {}}
    words = [*arguments.words[1:], *(arguments.after_dash or [])]
    if words:
        container["command" if arguments.truth("command") else "args"] = words
    container |= _container_settings(arguments)
    meta: Json = metadata(name, labels)
    if arguments.list("annotations"):
        meta["annotations"] = dict(pairs(arguments.list("annotations")))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": arguments.text("restart"),
        },
        "status": {},
    }


def _container_settings(arguments: Arguments) -> Json:
    found: Json = {}
    if arguments.list("env"):
        found["env"] = [
            {"name": key, "value": value} for key, value in pairs(arguments.list("env")).items()
        ]
    if arguments.text("port"):
        found["ports"] = [{"containerPort": int(arguments.text("port"))}]
    if arguments.text("image-pull-policy"):
        found["imagePullPolicy"] = arguments.text("image-pull-policy")
    if arguments.truth("privileged"):
        found["securityContext"] = {"privileged": True}
    found |= {flag: True for flag in ("stdin", "tty") if arguments.truth(flag)}
    return found | (
        {"stdinOnce": True}
        if arguments.truth("stdin") and not arguments.truth("leave-stdin-open")
        else {}
    )


def _service(name: str, labels: dict[str, str], port_text: str, *, is_labelled: bool) -> Json:
    if not port_text:
        raise CliError("--port must be set when exposing a service")
    port = int(port_text)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, labels if is_labelled else None),
        "spec": {
            "ports": [{"port": port, "protocol": "TCP", "targetPort": port}],
            "selector": labels,
        },
        "status": {"loadBalancer": {}},
    }


COMMAND = Command(
    about="Run an image in a pod.",
    usage="run NAME --image=image [--env=key=value] [--port=port] -- [COMMAND] [args...]",
    examples="""
# Run a pod
knarr run once --image=busybox --restart=Never --dry-run=server -- date

# Show the pod that would be made
knarr run web2 --image=nginx --port=80 --dry-run=client -o yaml
""",
    flags=(
        *SHARED_FLAGS,
        text("image", help="The image for the container to run."),
        array("env", help="Environment variables to set in the container"),
        array("labels", "l", help="Comma separated labels to apply to the pod"),
        array("annotations", help="Annotations to apply to the pod"),
        text("port", help="The port that this container exposes"),
        truth("expose", help="Make a service for the pod too"),
        truth("command", help="The words after -- are the command, not its arguments"),
        text("restart", default="Always", help="Always, OnFailure or Never"),
        *OVERRIDE_FLAGS,
        text("image-pull-policy", help="Always, IfNotPresent or Never"),
        truth("privileged", help="Run the container in privileged mode"),
        truth("stdin", "i", help="Keep stdin open on the container in the pod"),
        truth("tty", "t", help="Allocate a TTY for the container in the pod"),
        truth("attach", help="Wait for the pod to run, and attach to it"),
        truth("rm", help="Delete the pod after it exits"),
        truth("quiet", "q", help="Print no prompts"),
        truth("leave-stdin-open", help="Keep stdin open when the first session ends"),
        duration("pod-running-timeout", default=60.0, help="How long to wait until the pod runs"),
        truth("wait", help="With --rm: wait until the pod is gone"),
        number("grace-period", default=-1, help="With --rm: seconds the pod gets to end"),
        truth("force", help="With --rm: take the pod away at once"),
        text("cascade", default="background", help="With --rm: how what the pod owns goes"),
        duration("timeout", help="With --rm --wait: the longest to wait"),
        text("detach-keys", default="ctrl-p,ctrl-q", help="Keys that leave the container running"),
    ),
    run=run,
    manager="kubectl-run",
)
