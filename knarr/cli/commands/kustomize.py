"""`kustomize`: prints what a kustomization builds."""

from pathlib import Path

from knarr.cli.command import Command
from knarr.cli.failures import CliError, UsageError
from knarr.cli.flags import Arguments, array, text, truth
from knarr.cli.kustomize.build import build
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.session import Session

_NOT_HERE = ("enable-helm", "enable-alpha-plugins", "network")


def run(session: Session, arguments: Arguments) -> int | None:
    """Build the folder and print its objects."""
    if len(arguments.words) > 1:
        raise UsageError("specify one path to kustomization.yaml")
    for flag in _NOT_HERE:
        if arguments.truth(flag):
            raise CliError(f"--{flag} is not done here; use the program itself: kustomize build")
    objects = build(Path(arguments.words[0] if arguments.words else "."))
    printed = "---\n".join(yaml_text(one) for one in objects)
    place = arguments.text("output")
    if place:
        path = Path(place)
        (path / "kustomization-built.yaml" if path.is_dir() else path).write_text(printed)
    else:
        session.write(printed)
    return None


COMMAND = Command(
    about=(
        "Build a kustomization and print it. Resources, namespace, prefixes and suffixes, labels, "
        "annotations, images, replicas, patches and generators are built here; for the rest it "
        "says what to use."
    ),
    usage="kustomize DIR",
    examples="""
# Print what a folder builds
knarr kustomize overlay

# Write it to a file
knarr kustomize overlay -o built.yaml
""",
    flags=(
        text("output", "o", help="If specified, write output to this path"),
        truth("enable-helm", help="Not done here: charts are inflated by helm itself"),
        truth("enable-alpha-plugins", help="Not done here"),
        truth("network", help="Not done here"),
        truth("as-current-user", help="Ignored: it is about functions in containers"),
        truth("helm-debug", help="Ignored"),
        text("helm-command", default="helm", help="Ignored"),
        text("helm-kube-version", help="Ignored"),
        array("helm-api-versions", help="Ignored"),
        array("env", "e", help="Ignored: it is about functions in containers"),
        array("mount", help="Ignored: it is about functions in containers"),
        text("network-name", default="bridge", help="Ignored"),
        text("load-restrictor", default="LoadRestrictionsRootOnly", help="Ignored"),
    ),
    run=run,
)
