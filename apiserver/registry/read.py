"""Lists, in the versions and pages that clients ask for."""

from collections.abc import Callable
from typing import NamedTuple

from apiserver.registry import continue_token, conversion
from apiserver.registry.continue_token import ANY_REVISION
from apiserver.registry.core import Core
from apiserver.registry.request import ListOptions, ListPage, Request
from apiserver.registry.resource import Resource
from apiserver.storage.entry import Entry
from apiserver.storage.store import CompactedError, FutureRevisionError
from knarr.api import selectable, selectors
from knarr.api.errors import ApiError, BadRequestError, ExpiredError, RequestTimeoutError
from knarr.api.field_errors import FieldError, forbidden, invalid_error, not_supported
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ListMeta
from knarr.api.meta.status import Status, StatusCause, StatusDetails
from knarr.api.selectors import FieldRequirement, FieldSelector

_TOO_OLD_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can "
    "start a new list without the continue parameter, or use the continue token in this response "
    "to retrieve the remainder of the results. Continuing with the provided token results in an "
    "inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
)
_TOO_OLD_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You must "
    "start a new list without the continue parameter."
)


class PageExpiredError(ExpiredError):
    """The page cannot be shown at its revision; `token` goes on at what there is now."""

    def __init__(self, token: str) -> None:
        super().__init__(_TOO_OLD_PAGE)
        self.token = token

    def to_status(self) -> Status:
        """The Status, with the token where a list has it."""
        return Status(
            metadata=ListMeta(continue_=self.token),
            status="Failure",
            message=self.message,
            reason=self.reason,
            code=self.code,
        )


class Wanted(NamedTuple):
    """Which objects a list or watch selects."""

    namespace: str
    name: str
    """Empty for all."""
    matches: Callable[[Entry], bool] | None
    """Whatever else is asked of an object."""
    field: str = ""
    """An indexed field that must be `value`."""
    value: str = ""


def wanted(core: Core, request: Request, options: ListOptions, resource: Resource) -> Wanted:
    """Read the selectors. Raise BadRequestError."""
    try:
        labels = selectors.parse(options.label_selector)
        fields = _checked_fields(core, request.kind, options)
    except selectors.SelectorError as error:
        raise BadRequestError(str(error)) from None
    name = request.name or fields.exact("metadata.name") or ""
    namespace = request.namespace
    field, value = "", ""
    for indexed in resource.indexed:
        exact = fields.exact(indexed)
        if exact is not None:
            field, value = indexed, exact
    if fields.is_everything and labels.is_everything:
        return Wanted(namespace, name, None)
    if labels.is_everything:
        return Wanted(namespace, name, lambda e: fields.matches(e.fields), field, value)
    if fields.is_everything:
        return Wanted(namespace, name, lambda e: labels.matches(e.labels), field, value)
    return Wanted(
        namespace,
        name,
        lambda e: labels.matches(e.labels) and fields.matches(e.fields),
        field,
        value,
    )


def _checked_fields(core: Core, kind: Kind, options: ListOptions) -> FieldSelector:
    """The field selector in the words of the entries. Raise SelectorError."""
    fields = selectors.parse_fields(options.field_selector)
    if kind.type_path:
        selectable.check(kind, fields)
        return conversion.stored_fields(kind, fields)
    selectable.check_custom(fields, core.custom_fields(kind), namespaced=kind.namespaced)
    own = core.own_fields(kind)
    return _own(fields, own) if own else fields


def _own(fields: FieldSelector, prefix: str) -> FieldSelector:
    """A selector over the fields that entries have for one version."""
    return FieldSelector(
        each
        if each.field.startswith("metadata.")
        else FieldRequirement(f"{prefix}{each.field}", each.is_equal, each.value)
        for each in fields.requirements
    )


async def enriched(resource: Resource, choice: Wanted) -> None:
    """Fill in the fields that only some versions have, where somebody selects by them."""
    if resource.enrich is not None and choice.matches is not None:
        await resource.enrich(resource.cache.entries(choice.namespace))


async def list_page(
    core: Core, request: Request, resource: Resource, options: ListOptions
) -> ListPage:
    """One page of a list."""
    _check(options)
    choice = wanted(core, request, options, resource)
    await enriched(resource, choice)
    if options.continue_token:
        page = await _next_page(resource, choice, options)
    else:
        page = await _first_page(resource, choice, options)
    if resource.viewing is not None:
        entries = await resource.in_view(page.entries)
        return ListPage(entries, page.revision, page.continue_token, page.remaining)
    return conversion.page_for(request.kind, resource, page)


def _check(options: ListOptions) -> None:
    errors: list[FieldError] = []
    if options.send_initial_events is not None:
        errors.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    match = options.resource_version_match
    if match:
        if not options.resource_version:
            errors.append(
                forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden unless resourceVersion is provided",
                )
            )
        elif options.continue_token:
            errors.append(
                forbidden(
                    "resourceVersionMatch", "resourceVersionMatch is forbidden when continue is set"
                )
            )
        if match not in ("Exact", "NotOlderThan"):
            known = ("Exact", "NotOlderThan", "")
            errors.append(not_supported("resourceVersionMatch", match, known, in_order=True))
        elif match == "Exact" and options.resource_version == "0":
            errors.append(
                forbidden(
                    "resourceVersionMatch",
                    'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
                )
            )
    if errors:
        raise invalid_error("meta.k8s.io", "ListOptions", "", errors)


async def _first_page(resource: Resource, choice: Wanted, options: ListOptions) -> ListPage:
    revision = version_of(options.resource_version)
    cache = resource.cache
    is_exact = options.resource_version_match == "Exact" or (
        revision and options.limit > 0 and not options.resource_version_match
    )
    if is_exact:
        try:
            entries = await cache.entries_at(revision, choice.namespace)
        except CompactedError:
            raise ExpiredError("The resourceVersion for the provided list is too old.") from None
        except FutureRevisionError as error:
            raise too_large_version(revision, error.current) from None
        return _cut(resource, entries, choice, options.limit, revision)
    await at_least(resource, options.resource_version, revision)
    if not options.limit and choice.name and choice.namespace:
        return _one(resource, choice)
    entries = _all(resource, choice)
    return _cut(resource, entries, choice, options.limit, cache.revision)


async def at_least(resource: Resource, text: str, revision: int) -> None:
    """Wait until the cache is as new as the client wants. Raise RequestTimeoutError."""
    if not text:
        await resource.cache.consistent()
    elif revision > resource.cache.revision:
        try:
            await resource.cache.caught_up(revision)
        except FutureRevisionError as error:
            raise too_large_version(revision, error.current) from None


def _one(resource: Resource, choice: Wanted) -> ListPage:
    entry = resource.cache.get(resource.key(choice.namespace, choice.name))
    found = [entry] if entry and (choice.matches is None or choice.matches(entry)) else []
    return ListPage(found, resource.cache.revision)


def _all(resource: Resource, choice: Wanted) -> list[Entry]:
    if choice.field:
        return resource.cache.having(choice.field, choice.value, choice.namespace)
    return resource.cache.entries(choice.namespace)


async def _next_page(resource: Resource, choice: Wanted, options: ListOptions) -> ListPage:
    place = continue_token.read_token(options.continue_token)
    if options.resource_version not in ("", "0"):
        raise BadRequestError("specifying resource version is not allowed when using continue")
    prefix = f"{resource.prefix}{choice.namespace}/" if choice.namespace else resource.prefix
    start = prefix + place.start
    if place.revision == ANY_REVISION:
        await resource.cache.consistent()
        entries = resource.cache.entries(choice.namespace, start=start)
        return _cut(resource, entries, choice, options.limit, resource.cache.revision)
    try:
        entries = await resource.cache.entries_at(place.revision, choice.namespace, start=start)
    except CompactedError:
        token = continue_token.write_token(ANY_REVISION, place.start)
        raise PageExpiredError(token) from None
    except FutureRevisionError:
        raise ExpiredError(_TOO_OLD_TOKEN) from None
    return _cut(resource, entries, choice, options.limit, place.revision)


def _cut(
    resource: Resource, entries: list[Entry], choice: Wanted, limit: int, revision: int
) -> ListPage:
    """What of the entries is selected, up to a limit, and where to go on."""
    matches, name = choice.matches, choice.name
    if limit <= 0 or limit >= len(entries):
        if matches is not None:
            entries = [entry for entry in entries if matches(entry)]
        elif name:
            entries = [entry for entry in entries if entry.fields["metadata.name"] == name]
        return ListPage(entries, revision)
    found: list[Entry] = []
    for index, entry in enumerate(entries):
        if name and entry.fields["metadata.name"] != name:
            continue
        if matches is None or matches(entry):
            found.append(entry)
        if len(found) == limit and index + 1 < len(entries):
            prefix = (
                f"{resource.prefix}{choice.namespace}/" if choice.namespace else resource.prefix
            )
            token = continue_token.write_token(revision, entry.key[len(prefix) :] + "\0")
            plain = matches is None and not name
            remaining = len(entries) - index - 1 if plain else None
            return ListPage(found, revision, token, remaining)
    return ListPage(found, revision)


def version_of(text: str) -> int:
    """The number of a resourceVersion. Raise BadRequestError."""
    if not text:
        return 0
    if not text.isdecimal():
        raise BadRequestError(f"invalid resource version: {bad_version(text)}")
    return int(text)


def bad_version(text: str) -> str:
    """What is said of a resourceVersion that is no number."""
    return (
        f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": '
        "invalid syntax"
    )


def too_large_version(revision: int, current: int) -> ApiError:
    """The version asked for is not yet reached."""
    return RequestTimeoutError(
        f"Too large resource version: {revision}, current: {current}",
        details=StatusDetails(
            causes=(
                StatusCause(reason="ResourceVersionTooLarge", message="Too large resource version"),
            ),
            retry_after_seconds=1,
        ),
    )
