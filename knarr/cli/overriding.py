"""What `--overrides` changes about an object made from flags."""

import json
from typing import Any

from knarr.api.kind import Kind
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text

Json = dict[str, Any]

OVERRIDE_FLAGS = (
    text("overrides", help="A JSON patch of the object, of the type that --override-type says"),
    text("override-type", default="merge", help="merge, json or strategic"),
)


def overridden(arguments: Arguments, kind: Kind, obj: Json) -> Json:
    """The object with `--overrides` applied. Raise CliError."""
    overrides = arguments.text("overrides")
    if not overrides:
        return obj
    from knarr.api.patches import json_patch, merge_patch, strategic  # noqa: PLC0415
    from knarr.api.patches.errors import PatchError  # noqa: PLC0415

    try:
        patch = json.loads(overrides)
        match arguments.text("override-type"):
            case "merge":
                merged: Json = merge_patch.apply(obj, patch)
                return merged
            case "json":
                changed: Json = json_patch.apply(obj, patch)
                return changed
            case "strategic":
                return strategic.apply(kind.type, obj, patch)
            case other:
                raise CliError(f"invalid override type: {other}: merge, json or strategic")
    except (ValueError, PatchError) as error:
        raise CliError(f"--overrides cannot be applied: {error}") from None
