"""How tables of one kind are shown, by the flags of `get`."""

from knarr.api.kind import Kind
from knarr.cli.flags import Arguments
from knarr.cli.output.table import TableOptions
from knarr.cli.resources import label


def table_options(arguments: Arguments, kind: Kind, *, with_kind: bool) -> TableOptions:
    """The options of the tables of a kind."""
    prefix = f"{label(kind)}/"
    return TableOptions(
        is_wide=arguments.text("output") == "wide",
        has_headers=not arguments.truth("no-headers"),
        has_namespace=arguments.truth("all-namespaces") and kind.namespaced,
        kind_label=(lambda _: prefix) if with_kind else None,
        labels=arguments.list("label-columns"),
        all_labels=arguments.truth("show-labels"),
    )
