"""The service knarr.v1.Resources: each call is one call of the registry."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl

import grpc
import msgspec
import structlog

from apiserver.grpc.access import Access
from apiserver.grpc.answers import (
    answer_bytes,
    formed_batches,
    formed_list_bytes,
    get_bytes,
    grpc_status,
    list_bytes,
)
from apiserver.registry.deprecations import deprecation_of
from apiserver.registry.registry import Registry
from apiserver.registry.request import (
    Body,
    FieldValidation,
    ListOptions,
    PatchType,
    Request,
    ResourceVersionMatch,
)
from knarr.api.errors import (
    ApiError,
    BadRequestError,
    InternalError,
    MethodNotSupportedError,
    NotFoundError,
)
from knarr.api.foreign import Foreign
from knarr.api.kind import Kind
from knarr.api.meta.options import DeleteOptions
from knarr.api.meta.status import StatusDetails
from knarr.proto import resources_pb2 as pb

log = structlog.get_logger()

SERVICE = "knarr.v1.Resources"

PAUSE_S = 0.004
"""A watch that just sent a message waits so long before the next one. The first event of a quiet
watch goes at once; a busy one sends few large messages, for each costs as much as thirty events."""

Context = Any
"""A grpc.aio.ServicerContext."""

_JSON = "application/json"
_YAML = "application/yaml"
_NO_OPTIONS = pb.WriteOptions()
_delete_options = msgspec.json.Decoder(DeleteOptions)


class Resources:
    """The verbs, as gRPC calls them."""

    def __init__(self, registry: Registry, access: Access) -> None:
        self._registry = registry
        self._access = access
        self._watching: set[asyncio.Task[Any]] = set()
        self._ending = False

    def end_watches(self) -> None:
        """End all watches as if their time were up, so that their clients turn elsewhere."""
        self._ending = True
        for task in self._watching:
            task.cancel()

    def handler(self) -> grpc.GenericRpcHandler:
        """What a server is given to serve this."""
        unary: Mapping[str, tuple[Any, Callable[[Any, Context], Awaitable[bytes]]]] = {
            "Get": (pb.GetRequest, self._get),
            "List": (pb.ListRequest, self._list),
            "Create": (pb.WriteRequest, self._create),
            "Update": (pb.WriteRequest, self._update),
            "Patch": (pb.PatchRequest, self._patch),
            "Delete": (pb.DeleteRequest, self._delete),
            "DeleteCollection": (pb.DeleteCollectionRequest, self._delete_collection),
            "Call": (pb.WriteRequest, self._create),
            "Ask": (pb.AskRequest, self._ask),
            "Revision": (pb.RevisionRequest, self._revision),
        }
        # Without a response serializer the bytes pass as they are.
        methods = {
            name: grpc.unary_unary_rpc_method_handler(
                answering(verb), request_deserializer=message.FromString
            )
            for name, (message, verb) in unary.items()
        }
        methods["Watch"] = grpc.unary_stream_rpc_method_handler(
            answering(self._watch), request_deserializer=pb.WatchRequest.FromString
        )
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _get(self, message: pb.GetRequest, context: Context) -> bytes:
        request = await self._request(context, "get", message.target)
        answer = await self._registry.get(request, resource_version=message.resource_version)
        return get_bytes(answer, request.warnings, message.form, self._registry.clock.now())

    async def _list(self, message: pb.ListRequest, context: Context) -> bytes:
        selector = message.selection.field_selector
        request = await self._request(context, "list", message.target, selector=selector)
        now = self._registry.clock.now()
        page = await self._registry.list(
            request,
            ListOptions(
                label_selector=message.selection.label_selector,
                field_selector=message.selection.field_selector,
                limit=message.limit,
                continue_token=message.continue_token,
                resource_version=message.resource_version,
                resource_version_match=cast("ResourceVersionMatch", message.resource_version_match),
            ),
        )
        return formed_list_bytes(request.kind, page, request.warnings, message.form, now)

    async def _create(self, message: pb.WriteRequest, context: Context) -> bytes:
        request = await self._request(context, "create", message.target, message.options)
        answer = await self._registry.create(request, Body(message.object, _JSON))
        return answer_bytes(answer, request.warnings)

    async def _update(self, message: pb.WriteRequest, context: Context) -> bytes:
        request = await self._request(context, "update", message.target, message.options)
        answer = await self._registry.update(request, Body(message.object, _JSON))
        return answer_bytes(answer, request.warnings)

    async def _patch(self, message: pb.PatchRequest, context: Context) -> bytes:
        request = await self._request(context, "patch", message.target, message.options)
        try:
            patch_type = PatchType(message.patch_type)
        except ValueError:
            raise BadRequestError(f"unknown patch type {message.patch_type!r}") from None
        media = _YAML if patch_type is PatchType.APPLY else _JSON
        answer = await self._registry.patch(
            request, patch_type, Body(message.patch, media), force=message.force
        )
        return answer_bytes(answer, request.warnings)

    async def _delete(self, message: pb.DeleteRequest, context: Context) -> bytes:
        request = await self._request(context, "delete", message.target, message.options)
        answer = await self._registry.delete(request, _options(message.delete_options))
        return answer_bytes(answer, request.warnings)

    async def _delete_collection(
        self, message: pb.DeleteCollectionRequest, context: Context
    ) -> bytes:
        request = await self._request(
            context,
            "deletecollection",
            message.target,
            message.options,
            selector=message.selection.field_selector,
        )
        page = await self._registry.delete_collection(
            request,
            ListOptions(
                label_selector=message.selection.label_selector,
                field_selector=message.selection.field_selector,
                limit=message.limit,
                continue_token=message.continue_token,
            ),
            _options(message.delete_options),
        )
        return list_bytes(request.kind, page, request.warnings)

    async def _ask(self, message: pb.AskRequest, context: Context) -> bytes:
        user, target = await self._access.user(context), message.target
        foreign = Foreign(
            group=target.group,
            version=target.version,
            plural=target.plural,
            namespace=target.namespace,
            name=target.name,
            subresource=target.subresource,
            query=dict(parse_qsl(message.query)),
        )
        self._access.check_foreign(user, foreign)
        said = await self._registry.ask(user, foreign)
        return pb.Answer(object=said).SerializeToString()

    async def _revision(self, message: pb.RevisionRequest, context: Context) -> bytes:
        await self._access.user(context)
        kinds = [self._kind(target) for target in message.told]
        revision = await self._registry.revision(kinds)
        return pb.RevisionAnswer(revision=revision).SerializeToString()

    async def _watch(self, message: pb.WatchRequest, context: Context) -> None:
        selector = message.selection.field_selector
        request = await self._request(context, "watch", message.target, selector=selector)
        events = await self._registry.watch(
            request,
            ListOptions(
                label_selector=message.selection.label_selector,
                field_selector=message.selection.field_selector,
                resource_version=str(message.after),
                allow_bookmarks=True,
                timeout_s=message.timeout_s or None,
            ),
        )
        # Tells the client that the watch has begun, before anything happens.
        await context.send_initial_metadata(())
        frame = formed_batches(request.kind, message.form, self._registry.clock.now)
        this = asyncio.current_task()
        assert this is not None, "a call is a task"
        self._watching.add(this)
        try:
            async for batch in events:
                await context.write(frame(batch))
                await asyncio.sleep(PAUSE_S)
        except asyncio.CancelledError:
            if not self._ending:
                raise
            this.uncancel()
        finally:
            self._watching.discard(this)

    async def _request(
        self,
        context: Context,
        verb: str,
        target: pb.Target,
        options: Any = _NO_OPTIONS,
        *,
        selector: str = "",
    ) -> Request:
        """The call as the registry takes it, once it is known who asks and that they may."""
        user = await self._access.user(context)
        kind = self._kind(target)
        _check_verb(kind, target.subresource, verb)
        self._access.check(user, verb, kind, target, selector)
        deprecation = deprecation_of(kind)
        return Request(
            user=user,
            kind=kind,
            namespace=target.namespace if kind.namespaced else "",
            name=target.name,
            subresource=target.subresource,
            field_manager=options.field_manager or "unknown",
            field_validation=cast("FieldValidation", options.field_validation or "Warn"),
            dry_run=options.dry_run,
            warnings=[deprecation] if deprecation else [],
        )

    def _kind(self, target: pb.Target) -> Kind:
        kind = self._registry.kinds.by_resource(target.group, target.version, target.plural)
        if kind is None:
            raise _not_there()
        return kind


def _check_verb(kind: Kind, subresource: str, verb: str) -> None:
    """Raise MethodNotSupportedError or NotFoundError for what the kind does not know."""
    verbs = kind.verbs
    if subresource:
        found = [one for one in kind.subresources if one.name == subresource]
        if not found:
            raise _not_there()
        verbs = found[0].verbs
    if verb not in verbs:
        raise MethodNotSupportedError(
            "the server does not allow this method on the requested resource",
            details=StatusDetails(),
        )


def _not_there() -> NotFoundError:
    return NotFoundError(
        "the server could not find the requested resource", details=StatusDetails()
    )


def _options(data: bytes) -> DeleteOptions | None:
    try:
        return _delete_options.decode(data) if data else None
    except msgspec.MsgspecError as error:
        raise BadRequestError(f"delete options: {error}") from None


def answering(
    verb: Callable[[Any, Context], Awaitable[Any]],
) -> Callable[[Any, Context], Awaitable[Any]]:
    """The verb with its errors turned into gRPC's."""

    async def answer(message: Any, context: Context) -> Any:
        try:
            return await verb(message, context)
        except ApiError as error:
            failure = error
        except Exception as error:
            if isinstance(error, grpc.aio.BaseError):
                raise
            log.exception("call failed", method=verb.__name__)
            failure = InternalError(f"Internal error occurred: {error}")
        code, words, metadata = grpc_status(failure)
        return await context.abort(code, words, metadata)

    return answer
