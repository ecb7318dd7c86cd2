"""`explain`: what the fields of a kind mean."""

from typing import Any

from knarr.api.kind import Kind
from knarr.cli.command import Command
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments, number, text, truth
from knarr.cli.session import Session

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """Explain a kind or a field."""
    if len(arguments.words) != 1:
        if not arguments.words:
            raise PlainError(
                "error: You must specify the type of resource to explain. Use "
                f'"{session.program} api-resources" for a complete list of supported resources.'
            )
        raise CliError("We accept only this format: explain RESOURCE")
    if arguments.text("output") not in ("plaintext", "plaintext-openapiv2"):
        raise CliError(f"unrecognized format: {arguments.text('output')}")
    kind, path = _kind_and_path(session, arguments)
    recursive = arguments.truth("recursive")
    if kind.type_path:
        from knarr.api.explain import UnknownFieldError, explain  # noqa: PLC0415

        try:
            depth = max(arguments.number("max-depth"), 0)
            session.write(explain(kind, path, recursive=recursive, depth=depth))
        except UnknownFieldError as error:
            raise CliError(str(error)) from None
        return None
    from knarr.cli.explain_custom import explain_custom  # noqa: PLC0415

    session.write(explain_custom(_schema(session, kind), kind, path, recursive=recursive))
    return None


def _kind_and_path(session: Session, arguments: Arguments) -> tuple[Kind, list[str]]:
    word, _, rest = arguments.words[0].partition(".")
    path = [one for one in rest.split(".") if one]
    api_version = arguments.text("api-version")
    if api_version:
        plain = session.resources.find(word)
        for kind in session.resources.all():
            if kind.plural == plain.plural and kind.api_version == api_version:
                return kind, path
        raise CliError(f'couldn\'t find resource for "{api_version}, Resource={plain.plural}"')
    # `deployments.apps.spec` names a group first, `pods.spec` does not.
    for count in range(len(path), 0, -1):
        kind_with_group = session.resources.find_in(
            session.resources.all(), ".".join([word, *path[:count]])
        )
        if kind_with_group is not None:
            return kind_with_group, path[count:]
    return session.resources.find(word), path


def _schema(session: Session, kind: Kind) -> Json:
    definitions = session.resources.find("customresourcedefinitions")
    found = session.client.get(definitions, "", f"{kind.plural}.{kind.group}")
    for version in found["spec"]["versions"]:
        if version["name"] == kind.version:
            schema: Json = (version.get("schema") or {}).get("openAPIV3Schema") or {}
            return schema
    return {}


COMMAND = Command(
    about="Describe the fields of a kind, and what they mean.",
    usage="explain TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group]",
    examples="""
# Explain pods
knarr explain pods

# Explain one field
knarr explain deployment.spec.strategy

# Show all fields below one
knarr explain pod.spec.affinity --recursive
""",
    flags=(
        truth("recursive", "R", help="Print the names of all fields below"),
        text("api-version", help="Explain the kind of this group and version"),
        number("max-depth", help="With --recursive: so many levels down, 0 for all"),
        text("output", "o", default="plaintext", help="Only plaintext is known"),
    ),
    run=run,
)
