"""`autoscale`: a workload that scales itself."""

from typing import Any

from knarr.cli.command import Command
from knarr.cli.commands.create.making import SHARED_FLAGS, store
from knarr.cli.failures import CliError, raise_all
from knarr.cli.flags import Arguments, number, text
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.selecting import Found, find
from knarr.cli.session import Session

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """Make the autoscaler."""
    if "max" not in arguments.given:
        raise CliError('required flag(s) "max" not set')
    most = arguments.number("max")
    if most < 1:
        raise CliError("--max=MAXPODS is required and must be at least 1, max: " + str(most))
    if most < arguments.number("min"):
        raise CliError("--max=MAXPODS must be larger or equal to --min=MINPODS")
    found = files_of(session, arguments)
    if arguments.words:
        more, errors = find(session, arguments.words, arguments, allow_lists=False)
        raise_all(errors)
        found += more
    for one in found:
        if not any(part.name == "scale" for part in one.kind.subresources):
            raise CliError(f"cannot autoscale a {one.kind.name}: it has no scale")
        store(session, arguments, _scaler(arguments, one), operation="autoscaled")
    return None


def _scaler(arguments: Arguments, found: Found) -> Json:
    target = {
        "apiVersion": found.kind.api_version,
        "kind": found.kind.name,
        "name": found.name,
    }
    spec: Json = {"maxReplicas": arguments.number("max"), "scaleTargetRef": target}
    if arguments.number("min") > 0:
        spec["minReplicas"] = arguments.number("min")
    metrics = [_metric("cpu", arguments.text("cpu"))] if arguments.text("cpu") else []
    if arguments.number("cpu-percent") > 0:
        metrics = [_metric("cpu", f"{arguments.number('cpu-percent')}%")]
    if arguments.text("memory"):
        metrics.append(_metric("memory", arguments.text("memory")))
    if metrics:
        spec["metrics"] = metrics
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": arguments.text("name") or found.name},
        "spec": spec,
        "status": {"currentMetrics": None, "desiredReplicas": 0},
    }


def _metric(resource: str, goal: str) -> Json:
    if goal.endswith("%"):
        target: Json = {"type": "Utilization", "averageUtilization": int(goal[:-1])}
    else:
        target = {"type": "AverageValue", "averageValue": goal}
    return {"type": "Resource", "resource": {"name": resource, "target": target}}


COMMAND = Command(
    about="Have a workload scaled by what its pods use.",
    usage="autoscale (-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [flags]",
    examples="""
# Scale between 1 and 3 pods
knarr autoscale deployment web --min=1 --max=3 --cpu-percent=80 --dry-run=server
""",
    flags=(
        *SHARED_FLAGS,
        *file_flags("identifying the resource to autoscale"),
        number("min", default=-1, help="The fewest pods"),
        number("max", default=-1, help="The most pods. Required."),
        number("cpu-percent", default=-1, help="Average CPU use of all pods, in percent"),
        text("cpu", help="Average CPU use: 80% or 500m"),
        text("memory", help="Average memory use: 80% or 200Mi"),
        text("name", help="The name of the autoscaler; the workload's by default"),
    ),
    run=run,
    manager="kubectl-autoscale",
)
