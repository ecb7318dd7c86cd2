"""Query parameters, turned into options; what is wrong with them in Kubernetes' words."""

from collections.abc import Mapping, Sequence
from typing import Literal, cast

from apiserver.registry.request import FieldValidation, ListOptions, ResourceVersionMatch
from knarr.api.errors import BadRequestError
from knarr.api.field_errors import (
    FieldError,
    forbidden,
    invalid,
    invalid_error,
    not_supported,
    required,
    too_long,
)
from knarr.api.meta.options import DeleteOptions, Preconditions

Query = Mapping[str, Sequence[str]]
OptionsKind = Literal["CreateOptions", "UpdateOptions", "PatchOptions", "DeleteOptions"]

FIELD_MANAGER_BYTES_MAX = 128
"""As in Kubernetes: the name stands in every object that the manager touches."""
INT64_MAX = 2**63 - 1
_POLICIES = ("Foreground", "Background", "Orphan", "nil")
_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def first(query: Query, name: str) -> str:
    """The first value of a parameter, empty when it is not there."""
    values = query.get(name)
    return values[0] if values else ""


def truth(query: Query, name: str) -> bool | None:
    """A boolean parameter: anything but `false` and `0` is true, absence None."""
    values = query.get(name)
    return None if not values else values[0].lower() not in ("false", "0")


def whole_number(query: Query, name: str) -> int | None:
    """A number. Raise BadRequestError where it is none."""
    values = query.get(name)
    if not values or not values[0]:
        return None
    text = values[0]
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        raise BadRequestError(f"strconv.ParseInt: parsing {_quoted(text)}: invalid syntax")
    number = int(text) if len(digits) < 20 else INT64_MAX + 1
    if not -INT64_MAX - 1 <= number <= INT64_MAX:
        raise BadRequestError(f"strconv.ParseInt: parsing {_quoted(text)}: value out of range")
    return number


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def list_options(query: Query) -> ListOptions:
    """What a list or watch asks for."""
    if not query:
        return ListOptions()
    timeout_s = whole_number(query, "timeoutSeconds")
    return ListOptions(
        label_selector=first(query, "labelSelector"),
        field_selector=first(query, "fieldSelector"),
        limit=max(whole_number(query, "limit") or 0, 0),
        continue_token=first(query, "continue"),
        resource_version=first(query, "resourceVersion"),
        resource_version_match=cast(ResourceVersionMatch, first(query, "resourceVersionMatch")),
        allow_bookmarks=bool(truth(query, "allowWatchBookmarks")),
        send_initial_events=truth(query, "sendInitialEvents"),
        timeout_s=timeout_s,
    )


def check_options(kind: OptionsKind, errors: Sequence[FieldError]) -> None:
    """Raise InvalidError when the options of a write are wrong."""
    if errors:
        raise invalid_error("meta.k8s.io", kind, "", errors)


def write_errors(query: Query) -> list[FieldError]:
    """What is wrong with the options that all writes share."""
    if not query:
        return []
    errors = list(_manager_errors(first(query, "fieldManager")))
    errors += dry_run_errors(query.get("dryRun"))
    validation = first(query, "fieldValidation")
    if validation not in _VALIDATIONS:
        errors.append(not_supported("fieldValidation", validation, _VALIDATIONS))
    return errors


def dry_run_errors(values: Sequence[str] | None) -> list[FieldError]:
    """`dryRun` may be absent or say All."""
    if values is None or all(value == "All" for value in values):
        return []
    return [not_supported("dryRun", list(values), ("All",))]


def _manager_errors(manager: str) -> list[FieldError]:
    if len(manager.encode()) > FIELD_MANAGER_BYTES_MAX:
        return [too_long("fieldManager", FIELD_MANAGER_BYTES_MAX)]
    for position, char in enumerate(manager):
        if not char.isprintable():
            detail = f"invalid character U+{ord(char):04X} (at position {position})"
            return [invalid("fieldManager", manager, detail)]
    return []


def patch_errors(query: Query, *, is_apply: bool) -> list[FieldError]:
    """What is wrong with the options of a patch."""
    errors: list[FieldError] = []
    if is_apply and not first(query, "fieldManager"):
        errors.append(required("fieldManager", "is required for apply patch"))
    if not is_apply and "force" in query:
        errors.append(forbidden("force", "may not be specified for non-apply patch"))
    return errors + write_errors(query)


def field_manager(query: Query, user_agent: str) -> str:
    """Who owns the fields written: the parameter, else the client's program name."""
    manager = first(query, "fieldManager")
    if manager:
        return manager
    program = user_agent.split("/", 1)[0]
    kept = "".join(char for char in program if char.isprintable())
    return kept.encode()[:FIELD_MANAGER_BYTES_MAX].decode(errors="ignore") or "unknown"


def field_validation(query: Query) -> FieldValidation:
    """How unknown fields are treated; Warn by default."""
    return cast(FieldValidation, first(query, "fieldValidation") or "Warn")


def delete_options(query: Query) -> DeleteOptions | None:
    """The options of a delete without a body."""
    if not query:
        return None
    preconditions = None
    uid, version = first(query, "preconditions.uid"), first(query, "preconditions.resourceVersion")
    if uid or version:
        preconditions = Preconditions(uid=uid or None, resource_version=version or None)
    return DeleteOptions(
        grace_period_seconds=whole_number(query, "gracePeriodSeconds"),
        orphan_dependents=truth(query, "orphanDependents"),
        propagation_policy=first(query, "propagationPolicy") or None,
        dry_run=tuple(query.get("dryRun", ())),
        preconditions=preconditions,
    )


def delete_errors(options: DeleteOptions) -> list[FieldError]:
    """What is wrong with the options of a delete."""
    errors: list[FieldError] = []
    policy = options.propagation_policy
    if policy is not None and policy not in ("Foreground", "Background", "Orphan"):
        supported = "supported values: " + ", ".join(f'"{word}"' for word in _POLICIES)
        errors.append(FieldError("FieldValueNotSupported", "propagationPolicy", policy, supported))
    elif policy is not None and options.orphan_dependents is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(invalid("propagationPolicy", policy, detail))
    return errors + dry_run_errors(options.dry_run or None)
