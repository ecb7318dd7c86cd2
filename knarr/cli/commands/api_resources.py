"""`api-resources`: the kinds that the cluster serves."""

from knarr.api.kind import Kind
from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text, truth, words
from knarr.cli.output.printer import printer_of
from knarr.cli.output.table import columns_text
from knarr.cli.resources import singular
from knarr.cli.session import Session


def run(session: Session, arguments: Arguments) -> int | None:
    """List them."""
    output = arguments.text("output")
    if output in ("json", "yaml"):
        _print_list(session, arguments)
        return None
    _check(output, arguments.text("sort-by"))
    kinds = [kind for kind in session.resources.all() if _is_wanted(arguments, kind)]
    kinds = list({(kind.group, kind.plural): kind for kind in reversed(kinds)}.values())
    if arguments.text("sort-by") == "kind":
        kinds.sort(key=lambda kind: kind.name)
    else:
        kinds.sort(key=lambda kind: (kind.group, kind.plural))
    if output == "name":
        for kind in kinds:
            session.say(kind.resource)
        return None
    rows = [_row(kind, is_wide=output == "wide") for kind in kinds]
    headers = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]
    if output == "wide":
        headers += ["VERBS", "CATEGORIES"]
    if not arguments.truth("no-headers"):
        rows.insert(0, headers)
    session.write(columns_text(rows))
    return None


def _check(output: str, sort_by: str) -> None:
    if output not in ("", "wide", "name"):
        raise CliError(
            f'unable to match a printer suitable for the output format "{output}", '
            "allowed formats are: json,kyaml,name,wide,yaml"
        )
    if sort_by not in ("", "name", "kind"):
        raise CliError("--sort-by accepts only name or kind")


def _print_list(session: Session, arguments: Arguments) -> None:
    """The kinds as an APIResourceList."""
    printer = printer_of(arguments, ("json", "yaml"))
    assert printer is not None, "json and yaml have printers"
    kinds = [kind for kind in session.resources.all() if _is_wanted(arguments, kind)]
    resources = [
        {
            "name": kind.plural,
            "singularName": singular(kind),
            "namespaced": kind.namespaced,
            **({"group": kind.group} if kind.group else {}),
            "version": kind.version,
            "kind": kind.name,
            "verbs": sorted(kind.verbs),
            **({"shortNames": list(kind.short_names)} if kind.short_names else {}),
            **({"categories": list(kind.categories)} if kind.categories else {}),
        }
        for kind in sorted(kinds, key=lambda one: (one.group, one.plural))
    ]
    head = {"apiVersion": "v1", "groupVersion": "", "kind": "APIResourceList"}
    session.write(printer({**head, "resources": resources}))


def _row(kind: Kind, *, is_wide: bool) -> list[str]:
    row = [
        kind.plural,
        ",".join(kind.short_names),
        kind.api_version,
        "true" if kind.namespaced else "false",
        kind.name,
    ]
    if is_wide:
        row += [",".join(kind.verbs), ",".join(kind.categories)]
    return row


def _is_wanted(arguments: Arguments, kind: Kind) -> bool:
    if "namespaced" in arguments.given and kind.namespaced != arguments.truth("namespaced"):
        return False
    if "api-group" in arguments.given and kind.group != arguments.text("api-group"):
        return False
    if any(verb not in kind.verbs for verb in arguments.list("verbs")):
        return False
    return all(one in kind.categories for one in arguments.list("categories"))


COMMAND = Command(
    about="Print the kinds of objects that the cluster serves.",
    usage="api-resources [flags]",
    examples="""
# Print the kinds
knarr api-resources

# Print what lies in namespaces, by name
knarr api-resources --namespaced=true -o name

# Print the kinds of one group
knarr api-resources --api-group=apps
""",
    flags=(
        text("api-group", help="Limit to resources in the specified API group"),
        truth("namespaced", default=True, help="Namespaced kinds, or (=false) the others"),
        text("output", "o", help="Output format. One of: (json, yaml, name, wide)."),
        truth("show-managed-fields", help="Ignored: kinds have none"),
        text("sort-by", help="Sort by name or kind"),
        words("verbs", help="Limit to resources that support the specified verbs"),
        words("categories", help="Limit to resources that belong to the specified categories"),
        truth("no-headers", help="Don't print headers"),
        truth("cached", help="Ignored"),
    ),
    run=run,
)
