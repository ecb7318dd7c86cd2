"""Generators of workloads: deployments, jobs, cron jobs."""

from typing import Any

from knarr.cli.commands.create.making import generator
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, array, number, text
from knarr.cli.generators import deployment, job, job_from, job_spec, metadata
from knarr.cli.session import Session

Json = dict[str, Any]


def _command(arguments: Arguments) -> list[str]:
    return arguments.after_dash or []


def _deployment(session: Session, arguments: Arguments, name: str) -> Json:
    return deployment(
        name,
        arguments.list("image"),
        replicas=arguments.number("replicas"),
        port=max(arguments.number("port"), 0),
        command=_command(arguments),
    )


def _job(session: Session, arguments: Arguments, name: str) -> Json:
    image, source = arguments.text("image"), arguments.text("from")
    if bool(image) == bool(source):
        raise CliError("either --image or --from must be specified")
    if image:
        return job(name, image, _command(arguments))
    if _command(arguments):
        raise CliError("cannot specify --from and command")
    word, slash, cron_job = source.partition("/")
    kind = session.resources.find(word)
    if not slash or kind.name != "CronJob":
        raise CliError(f"from must be an existing cronjob: cronjob/NAME, not {source}")
    return job_from(name, session.client.get(kind, session.namespace, cron_job))


def _cron_job(session: Session, arguments: Arguments, name: str) -> Json:
    restart = arguments.text("restart") or "OnFailure"
    spec = job_spec(name, arguments.text("image"), _command(arguments), restart)
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata(name),
        "spec": {
            "jobTemplate": {"metadata": metadata(name), "spec": spec},
            "schedule": arguments.text("schedule"),
        },
        "status": {},
    }


DEPLOYMENT = generator(
    _deployment,
    about="Create a deployment of one or several images.",
    usage="deployment NAME --image=image -- [COMMAND] [args...]",
    examples="""
# Create a deployment of three replicas
knarr create deployment front --image=nginx --replicas=3 --port=80 --dry-run=server

# Create one that runs a command
knarr create deployment idle --image=busybox --dry-run=client -o yaml -- sleep 3600
""",
    flags=(
        array("image", help="Image names to run. A deployment can have several images"),
        number("port", default=-1, help="The containerPort that this deployment exposes"),
        number("replicas", "r", default=1, help="Number of replicas to create"),
    ),
    required=("image",),
    failure="deployment",
)
JOB = generator(
    _job,
    about="Create a job of an image, or as a cron job would.",
    usage="job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]",
    examples="""
# Create a job with a command
knarr create job once --image=busybox --dry-run=server -- date

# Create a job from a cron job
knarr create job by-hand --from=cronjob/nightly --dry-run=server
""",
    flags=(
        text("image", help="Image name to run"),
        text("from", help="The name of the resource to create a Job from (only cronjob)"),
    ),
    failure="job",
)
CRON_JOB = generator(
    _cron_job,
    about="Create a cron job: jobs by a schedule.",
    usage="cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...]",
    examples="""
# Create a cron job that runs every five minutes
knarr create cronjob often --image=busybox --schedule='*/5 * * * *' --dry-run=server -- date
""",
    flags=(
        text("image", help="Image name to run"),
        text("schedule", help="A schedule in the Cron format the job should be run with"),
        text("restart", help="Job's restart policy: OnFailure or Never"),
    ),
    required=("image", "schedule"),
    failure="cronjob",
)
