"""The verbs on resources: one call of the registry each."""

from aiohttp import web

from apiserver.registry.partial import partial_object
from apiserver.registry.registry import Registry
from apiserver.registry.request import Answer, Body, ListPage, PatchType, Request
from apiserver.registry.tables import table_of, table_of_page
from apiserver.rest import body as bodies
from apiserver.rest import query as queries
from apiserver.rest.call import Call
from apiserver.rest.negotiate import ACCEPTED, Form
from apiserver.rest.pages import list_bytes, partial_list_bytes
from apiserver.rest.reply import reply, status_bytes
from apiserver.rest.watch import Frame, json_line, partial_line, stream, table_line
from knarr.api.errors import NotAcceptableError
from knarr.api.kind import Kind
from knarr.api.meta.options import DeleteOptions


def _request(call: Call, kind: Kind, *, dry_run: bool = False) -> Request:
    path = call.path
    return Request(
        user=call.user,
        kind=kind,
        # A namespace lies in no namespace, though its path says so.
        namespace=path.namespace if kind.namespaced else "",
        name=path.name,
        subresource=path.subresource,
        field_manager=queries.field_manager(call.query, call.request.headers.get("User-Agent", "")),
        field_validation=queries.field_validation(call.query),
        dry_run=dry_run,
        warnings=call.warnings,
        audit=call.annotations,
    )


def _read_request(call: Call, kind: Kind) -> Request:
    path = call.path
    return Request(
        user=call.user,
        kind=kind,
        namespace=path.namespace if kind.namespaced else "",
        name=path.name,
        subresource=path.subresource,
        warnings=call.warnings,
    )


class Resources:
    """Serves the kinds of a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def get(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """One object."""
        answer = await self._registry.get(
            _read_request(call, kind), resource_version=call.first("resourceVersion")
        )
        return await self._answer(call, answer, form)

    async def list(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """The objects of a kind."""
        options = queries.list_options(call.query)
        if form.kind == "PartialObjectMetadata":
            raise NotAcceptableError(
                "you requested PartialObjectMetadata, but the requested object is a list "
                f"(*{kind.group.partition('.')[0] or 'core'}.{kind.name}List)"
            )
        page = await self._registry.list(_read_request(call, kind), options)
        return await self._page(call, kind, page, form)

    async def _page(self, call: Call, kind: Kind, page: ListPage, form: Form) -> web.StreamResponse:
        if form.kind == "Table":
            include = call.first("includeObject")
            data = table_of_page(kind, page, form.version, include, self._registry.clock.now())
        elif form.kind:
            data = partial_list_bytes(page, form.version)
        else:
            data = list_bytes(kind, page)
        return await reply(call, data, form=form)

    async def watch(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """The changes of a kind, or of one object."""
        options = queries.list_options(call.query)
        if form.media == "yaml":
            raise NotAcceptableError(
                "only the following media types are accepted: application/json"
            )
        request = _read_request(call, kind)
        events = await self._registry.watch(request, options)
        return await stream(call, events, self._frame(call, kind, form), form)

    def _frame(self, call: Call, kind: Kind, form: Form) -> Frame:
        if form.kind == "Table":
            include = call.first("includeObject")
            return table_line(kind, form.version, include, self._registry.clock.now)
        return partial_line(form.version) if form.kind else json_line(kind)

    async def create(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """A new object, or a post to a subresource."""
        if form.kind == "Table" and "get" not in kind.verbs:
            # What is never kept, such as a review, has no columns either.
            raise NotAcceptableError(f"only the following media types are accepted: {ACCEPTED}")
        queries.check_options("CreateOptions", queries.write_errors(call.query))
        request = _request(call, kind, dry_run="dryRun" in call.query)
        sent = await bodies.object_body(call.request)
        answer = await self._registry.create(request, sent)
        return await self._answer(call, answer, form, status=201)

    async def update(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """An object replaced."""
        queries.check_options("UpdateOptions", queries.write_errors(call.query))
        request = _request(call, kind, dry_run="dryRun" in call.query)
        sent = await bodies.object_body(call.request)
        answer = await self._registry.update(request, sent)
        return await self._answer(call, answer, form, status=201 if answer.created else 200)

    async def patch(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """Part of an object changed."""
        patch = bodies.patch_type(call.request, kind)
        is_apply = patch is PatchType.APPLY
        errors = queries.patch_errors(call.query, is_apply=is_apply)
        queries.check_options("PatchOptions", errors)
        request = _request(call, kind, dry_run="dryRun" in call.query)
        media = "application/yaml" if is_apply else "application/json"
        data = await bodies.read_body(call.request)
        sent = Body(await bodies.light_yaml(data) if is_apply else data, media)
        force = bool(queries.truth(call.query, "force"))
        answer = await self._registry.patch(request, patch, sent, force=force)
        return await self._answer(call, answer, form, status=201 if answer.created else 200)

    async def delete(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """An object asked to go."""
        options = await self._delete_options(call)
        request = _request(call, kind, dry_run=bool(options and options.dry_run))
        answer = await self._registry.delete(request, options)
        cascades = options is not None and options.orphan_dependents is False
        status = 202 if answer.pending and cascades else 200
        return await self._answer(call, answer, form, status=status)

    async def deletecollection(self, call: Call, kind: Kind, form: Form) -> web.StreamResponse:
        """All objects that a list finds asked to go."""
        list_options = queries.list_options(call.query)
        options = await self._delete_options(call)
        request = _request(call, kind, dry_run=bool(options and options.dry_run))
        page = await self._registry.delete_collection(request, list_options, options)
        return await self._page(call, kind, page, form)

    async def _delete_options(self, call: Call) -> DeleteOptions | None:
        data = await bodies.read_body(call.request)
        options: DeleteOptions | None
        if data:
            options = bodies.delete_options(data, bodies.media_type(call.request))
        else:
            options = queries.delete_options(call.query)
        if options is not None:
            queries.check_options("DeleteOptions", queries.delete_errors(options))
        return options

    async def _answer(
        self, call: Call, answer: Answer, form: Form, *, status: int = 200
    ) -> web.StreamResponse:
        entry = answer.entry
        if entry is None:
            assert answer.status is not None, "an answer holds an object or a Status"
            code = answer.status.code or status
            return await reply(call, status_bytes(answer.status), status=code, form=form)
        if not form.kind:
            data = b"".join((answer.body, b"\n"))
        elif form.kind == "Table":
            include, now = call.first("includeObject"), self._registry.clock.now()
            data = table_of(answer.kind, entry, form.version, include, now)
        elif form.kind == "PartialObjectMetadata":
            data = partial_object(entry, form.version)
        else:
            raise NotAcceptableError(
                "you requested PartialObjectMetadataList, but the requested object is not a list "
                f"(*{answer.kind.group.partition('.')[0] or 'core'}.{answer.kind.name})"
            )
        return await reply(call, data, status=status, form=form)
