"""`version`: of the command and of the cluster."""

import json
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.output.json_text import json_text
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.session import Session

KUBERNETES = "v1.36.0"
"""The version of the API that this command speaks."""


def run(session: Session, arguments: Arguments) -> int | None:
    """Print the versions."""
    output = arguments.text("output")
    if output not in ("", "json", "yaml"):
        raise CliError("--output must be 'yaml' or 'json'")
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415

    try:
        own = version("knarr")
    except PackageNotFoundError:
        own = "0.0.0"
    versions: dict[str, Any] = {
        "clientVersion": {"gitVersion": KUBERNETES, "knarrVersion": own},
        "kustomizeVersion": "none",
    }
    failure: Exception | None = None
    if not arguments.truth("client"):
        from knarr.cli.raw import request  # noqa: PLC0415

        try:
            versions["serverVersion"] = json.loads(request(session, "GET", "/version"))
        except CliError as error:
            failure = error
    if output:
        session.write(json_text(versions) if output == "json" else yaml_text(versions))
    else:
        session.say(f"Client Version: {KUBERNETES} (knarr {own})")
        if "serverVersion" in versions:
            session.say(f"Server Version: {versions['serverVersion'].get('gitVersion')}")
    if failure is not None:
        raise failure
    return None


COMMAND = Command(
    about="Print the version of this command and of the cluster.",
    usage="version [flags]",
    examples="""
# Print both
knarr version

# Print the command's own
knarr version --client
""",
    flags=(
        truth("client", help="If true, shows client version only (no server required)."),
        text("output", "o", help="One of 'yaml' or 'json'."),
    ),
    run=run,
)
