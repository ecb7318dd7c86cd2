"""All commands that begin with `create`."""

from knarr.cli.command import Command
from knarr.cli.commands.create import configuration, files, roles, services, workloads
from knarr.cli.failures import no_subcommand
from knarr.cli.flags import Arguments
from knarr.cli.session import Session


def _choose(name: str, parts: dict[str, Command], about: str, example: str) -> Command:
    """A command that only leads to others."""

    def run(session: Session, arguments: Arguments) -> int | None:
        raise no_subcommand(f"{session.program} create {name}", sorted(parts), arguments.words)

    return Command(about=about, usage=f"create {name}", examples=example, run=run)


_SERVICE = _choose(
    "service",
    services.SERVICES,
    "Create a service of one of the types.",
    "\n# Create a service\nknarr create service clusterip inner --tcp=80 --dry-run=server\n",
)
_SECRET = _choose(
    "secret",
    configuration.SECRETS,
    "Create a secret of one of the types.",
    "\n# Create a secret\nknarr create secret generic s --from-literal=a=b --dry-run=server\n",
)

COMMANDS: dict[str, Command] = {
    "": files.COMMAND,
    "deployment": workloads.DEPLOYMENT,
    "job": workloads.JOB,
    "cronjob": workloads.CRON_JOB,
    "configmap": configuration.CONFIG_MAP,
    "namespace": configuration.NAMESPACE,
    "serviceaccount": configuration.ACCOUNT,
    "quota": configuration.QUOTA,
    "poddisruptionbudget": configuration.BUDGET,
    "priorityclass": configuration.PRIORITY,
    "ingress": services.INGRESS,
    "role": roles.ROLE,
    "clusterrole": roles.CLUSTER_ROLE,
    "rolebinding": roles.ROLE_BINDING,
    "clusterrolebinding": roles.CLUSTER_ROLE_BINDING,
    "token": roles.TOKEN,
    "secret": _SECRET,
    "service": _SERVICE,
    **{f"secret {name}": command for name, command in configuration.SECRETS.items()},
    **{f"service {name}": command for name, command in services.SERVICES.items()},
}
