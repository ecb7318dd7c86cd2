"""The HTTP front: every request comes in here, and every error goes out here."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from itertools import count
from time import monotonic

import structlog
from aiohttp import web

from apiserver.aggregation.extension import Extension
from apiserver.aggregation.extensions import Extensions
from apiserver.auth.attributes import Attributes, named_by
from apiserver.auth.certificates import user_of_connection
from apiserver.auth.gate import Gate
from apiserver.auth.impersonation import Impersonation
from apiserver.nodes.connection import NodeConnections
from apiserver.registry.deprecations import deprecation_of
from apiserver.registry.registry import Registry
from apiserver.registry.request import User
from apiserver.rest.aggregated import Aggregated
from apiserver.rest.audit import AuditLog
from apiserver.rest.call import Call, call_of
from apiserver.rest.connect import CONNECTING, Connect
from apiserver.rest.discovery import AGGREGATED_TYPE, Discovery
from apiserver.rest.health import Health
from apiserver.rest.limits import Limits
from apiserver.rest.listener import Listener
from apiserver.rest.metrics import Metrics
from apiserver.rest.negotiate import JSON, Form, negotiate
from apiserver.rest.reply import error_reply, reply, text_reply
from apiserver.rest.resources import Resources
from apiserver.rest.routes import NoSuchPageError, find, not_allowed
from apiserver.storage.store import UnavailableError
from knarr.api.errors import ApiError, BadRequestError, InternalError, TooManyRequestsError
from knarr.api.meta.status import StatusDetails

log = structlog.get_logger()

Page = Callable[[Call], Awaitable[web.StreamResponse]]
"""Answers a path that is no resource."""

Verb = Callable[..., Awaitable[web.StreamResponse]]

DECISION = "authorization.k8s.io/decision"
"""The annotation of the audit log that says whether a request was let in."""

SHUTDOWN_S = 5
"""Patience at the end with requests that still run; watches never end by themselves."""

HEAD_BYTES_MAX = 256 * 1024
"""Selectors over hundreds of labels stand in one line."""

KEEP_ALIVE_S = 120
"""A connection nobody uses is closed after this long; clients keep theirs for 90 seconds."""


class Front:
    """Serves the Kubernetes REST API over a registry."""

    def __init__(
        self,
        registry: Registry,
        gate: Gate,
        health: Health,
        nodes: NodeConnections,
        extensions: Extensions,
        audit: AuditLog | None = None,
    ) -> None:
        self.registry = registry
        self._gate = gate
        self._audit = audit
        self._metrics = Metrics()
        self._impersonation = Impersonation(gate)
        self._resources = Resources(registry)
        self._extensions = extensions
        self._aggregated = Aggregated(extensions)
        self._discovery = Discovery(registry.kinds, extensions)
        self._connect = Connect(registry.core, gate, nodes)
        self._limits = Limits()
        self._endless_tasks: set[asyncio.Task[object]] = set()
        self._listener: Listener | None = None
        self._has_ended = False
        self._ids = count(1)
        run = registry.rng.getrandbits(48)
        self._run = f"{run >> 16:08x}-{run & 0xFFFF:04x}"
        self._pages: dict[str, Page] = {}
        for name in ("healthz", "livez", "readyz"):
            self._pages[name] = health.answer
        for name in ("api", "apis"):
            self._pages[name] = self._discover
        self._pages["metrics"] = self._metrics.page

    def add_page(self, name: str, page: Page) -> None:
        """Answer paths that begin with `/name` and are no resources."""
        self._pages[name] = page

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request, whatever happens."""
        call = call_of(request, self._next_id())
        begin, code = monotonic(), 0
        self._metrics.running += 1
        try:
            answer = await self._answer(call)
            code = answer.status
            return answer
        finally:
            took_s = monotonic() - begin
            self._metrics.running -= 1
            self._metrics.note(call, code, took_s)
            if self._audit is not None:
                done = self.registry.clock.now()
                received = done - timedelta(seconds=took_s)
                self._audit.note(call, by=call.by, code=code, received=received, done=done)

    async def _answer(self, call: Call) -> web.StreamResponse:
        request = call.request
        form = JSON
        try:
            await self._let_in(call)
            with self._limits.admit(call):
                extension = self._extensions.of(call.path.raw)
                if extension is not None:
                    return await self._extended(call, extension)
                if not call.path.is_resource:
                    return await self._page(call)
                if call.path.subresource not in CONNECTING:
                    form = negotiate(request.headers.get("Accept", ""))
                return await self._resource(call, form)
        except NoSuchPageError:
            return text_reply(call, "404 page not found\n", status=404)
        except ApiError as error:
            return await _refusal(call, error, form)
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            return await error_reply(call, _told(call, error), form)

    async def _let_in(self, call: Call) -> None:
        """Note who asks, and for whom. Raise UnauthorizedError, ForbiddenError.

        Raise TooManyRequestsError for who came too late: nothing was done, and clients ask
        again by themselves.
        """
        if self._has_ended:
            raise TooManyRequestsError(
                "The apiserver is shutting down, please try again later.",
                details=StatusDetails(retry_after_seconds=1),
            )
        request = call.request
        call.user = call.by = await self._who(request)
        asked = _asked(call)
        if "Impersonate-User" in request.headers or _may_impersonate(request):
            call.user = self._impersonation.user(asked, request.headers)
            asked = asked._replace(user=call.user)
        call.annotations[DECISION] = "forbid"
        self._gate.check(asked)
        call.annotations[DECISION] = "allow"

    def _next_id(self) -> str:
        return f"{self._run}-4000-8000-{next(self._ids):012x}"

    async def _who(self, request: web.BaseRequest) -> User:
        authentication = self._gate.authentication
        authorization = request.headers.get("Authorization", "")
        user = authentication.known(authorization)
        if user is None:
            user = await authentication.user(authorization, user_of_connection(request.transport))
        return user

    async def _resource(self, call: Call, form: Form) -> web.StreamResponse:
        kind, subresource = find(call, self.registry.kinds)
        deprecation = deprecation_of(kind)
        if deprecation:
            call.warnings.append(deprecation)
        if subresource is not None and subresource.name in CONNECTING:
            with self._endless():
                return await self._connect.answer(call, kind)
        if call.verb not in _METHODS:
            raise not_allowed()
        verb: Verb = getattr(self._resources, _METHODS[call.verb])
        if call.verb != "watch":
            return await verb(call, kind, form)
        with self._endless():
            return await verb(call, kind, form)

    @contextmanager
    def _endless(self) -> Iterator[None]:
        """Note a request that ends only when somebody ends it."""
        task = asyncio.current_task()
        assert task is not None, "requests are answered in tasks"
        self._endless_tasks.add(task)
        try:
            yield
        finally:
            self._endless_tasks.discard(task)

    async def _extended(self, call: Call, extension: Extension) -> web.StreamResponse:
        # Whether an answer ever ends is the other server's business.
        with self._endless():
            return await self._aggregated.answer(call, extension)

    async def _page(self, call: Call) -> web.StreamResponse:
        _, _, rest = call.path.raw.partition("/")
        page = self._pages.get(rest.partition("/")[0])
        if page is None:
            raise NoSuchPageError
        return await page(call)

    async def _discover(self, call: Call) -> web.StreamResponse:
        path = call.path.raw.rstrip("/")
        whole = path in ("/api", "/apis")
        document = self._discovery.document(path)
        if document is None:
            raise NoSuchPageError
        # Lists of groups are answered whatever the method, as Kubernetes' aggregator does.
        is_group = path.startswith("/apis") and path.count("/") < 3
        if call.method != "GET" and not is_group:
            raise not_allowed()
        accept = call.request.headers.get("Accept", "")
        form = negotiate(accept, allowed="discovery" if whole else "plain")
        if not form.kind:
            return await reply(call, document, form=form)
        aggregated = self._discovery.document(f"{path} {form.version}")
        assert aggregated is not None, "aggregated discovery exists in every version negotiated"
        answer = await reply(call, aggregated, form=form)
        answer.headers["Content-Type"] = AGGREGATED_TYPE % form.version
        answer.headers["Vary"] = "Accept"
        return answer

    def end(self) -> None:
        """Have clients go elsewhere with their next request; all are still answered."""
        if self._listener is not None:
            self._listener.end()

    @asynccontextmanager
    async def serve(
        self, bound: socket.socket, tls: ssl.SSLContext | None
    ) -> AsyncIterator[tuple[str, int]]:
        """Listen on a bound socket while the block runs; the value is its address."""
        self._listener = listener = Listener(
            self.handle,
            keepalive_timeout=KEEP_ALIVE_S,
            max_line_size=HEAD_BYTES_MAX,
            max_field_size=HEAD_BYTES_MAX,
        )
        runner = web.ServerRunner(listener, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            site = web.SockSite(runner, bound, ssl_context=tls, backlog=1024)
            await site.start()
            address = runner.addresses[0]
            yield address[0], address[1]
        finally:
            for task in list(self._endless_tasks):
                task.cancel()
            for one in list(runner.sites):
                await one.stop()
            await listener.all_have_asked()
            await runner.cleanup()
            # Connections that were still shaking hands bring requests all the same.
            self._has_ended = True
            await self._connect.proxy.close()


async def _refusal(call: Call, error: ApiError, form: Form) -> web.StreamResponse:
    answer = await error_reply(call, error, form)
    if isinstance(error, UnavailableError):
        # Whatever leads clients here may lead them to a server that reaches the store.
        answer.force_close()
    return answer


def _told(call: Call, error: Exception) -> ApiError:
    """What a client hears of an error that nobody foresaw."""
    if isinstance(error, RecursionError):
        # Nothing of ours is as deep as what a client may send.
        return BadRequestError("json: exceeded max depth")
    log.error("request failed", method=call.method, path=call.path.raw, exc_info=error)
    return InternalError("the server met a bug of its own")


_METHODS = {
    verb: verb
    for verb in ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
}


def _named_by_selector(call: Call) -> str:
    """The name in `metadata.name=NAME`: a rule on that name allows such a list."""
    if not call.query or call.verb not in ("list", "watch", "deletecollection"):
        return ""
    return named_by(call.first("fieldSelector"))


def _asked(call: Call) -> Attributes:
    path = call.path
    if not path.is_resource:
        return Attributes(call.user, call.verb, is_resource=False, path=path.raw)
    return Attributes(
        call.user,
        call.verb,
        group=path.group,
        version=path.version,
        resource=path.plural,
        subresource=path.subresource,
        namespace=path.namespace,
        name=path.name or _named_by_selector(call),
    )


def _may_impersonate(request: web.BaseRequest) -> bool:
    """Whether a header asks to act for another without saying for whom, which is an error."""
    return any(name.title().startswith("Impersonate-") for name in request.headers)
