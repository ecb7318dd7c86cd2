"""`certificate`: approve and deny signing requests."""

from collections.abc import Callable

from knarr.api import times
from knarr.cli.command import Command
from knarr.cli.failures import CliError, no_subcommand
from knarr.cli.flags import Arguments, truth
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.client.dynamic import Write
from knarr.daemon.clock import SystemClock


def _deciding(condition: str, done: str) -> Callable[[Session, Arguments], int | None]:
    def run(session: Session, arguments: Arguments) -> int | None:
        kind = session.resources.find("certificatesigningrequests")
        names = [one.partition("/")[2] or one for one in arguments.words]
        names += [one.name for one in files_of(session, arguments)]
        if not names:
            raise CliError("one or more CSRs must be specified as <name> or -f <filename>")
        results = Results(session, arguments)
        for name in names:
            request = session.client.get(kind, "", name)
            conditions = request.setdefault("status", {}).setdefault("conditions", [])
            others = [one for one in conditions if one["type"] != condition]
            if len(others) == len(conditions) or arguments.truth("force"):
                request["status"]["conditions"] = conditions = others
                conditions.append(
                    {
                        "type": condition,
                        "status": "True",
                        "reason": f"Kubectl{'Approve' if condition == 'Approved' else 'Deny'}",
                        "message": f"This CSR was {done} by {session.program} certificate.",
                        "lastUpdateTime": times.to_time(SystemClock().now()),
                    }
                )
                options = Write(field_manager="kubectl")
                request = session.client.update(
                    kind, request, options, name=name, subresource="approval"
                )
            results.add(Found(kind, "", name, request), done)
        return None

    return run


def _lead(session: Session, arguments: Arguments) -> int | None:
    parts = ("approve", "deny")
    raise no_subcommand(f"{session.program} certificate", parts, arguments.words)


_FLAGS = (
    *file_flags("identifying the resource to update"),
    *PRINT_FLAGS,
    truth("force", help="Update the CSR even if it is already decided"),
)

COMMANDS = {
    "": Command(
        about="Approve or deny certificate signing requests.",
        usage="certificate SUBCOMMAND",
        examples="\n# Approve a request\nknarr certificate approve csr-1\n",
        run=_lead,
    ),
    "approve": Command(
        about="Approve a certificate signing request.",
        usage="certificate approve (-f FILENAME | NAME)",
        examples="\n# Approve a request\nknarr certificate approve csr-1\n",
        flags=_FLAGS,
        run=_deciding("Approved", "approved"),
    ),
    "deny": Command(
        about="Deny a certificate signing request.",
        usage="certificate deny (-f FILENAME | NAME)",
        examples="\n# Deny a request\nknarr certificate deny csr-1\n",
        flags=_FLAGS,
        run=_deciding("Denied", "denied"),
    ),
}
