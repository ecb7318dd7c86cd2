"""What containers wrote, streamed as it comes."""

from base64 import b64encode
from collections.abc import AsyncIterator

from aiohttp import web

from apiserver.nodes.targets import Target, Targets
from apiserver.rest.call import Call
from apiserver.rest.query import first, truth, whole_number
from apiserver.rest.reply import headers
from knarr.api import times
from knarr.api.errors import ApiError, BadRequestError
from knarr.api.field_errors import FieldError, forbidden, invalid, invalid_error
from knarr.proto import node_pb2 as pb

BINARY, BASE64 = "binary.k8s.io", "base64.binary.k8s.io"
"""How a log is carried over a WebSocket; as bytes where the client names neither."""


async def pod_logs(call: Call, targets: Targets) -> web.StreamResponse:
    """Answer `pods/NAME/log`."""
    request = _request(call)
    target = await targets.container(call.path.namespace, call.path.name, call.first("container"))
    if not target.pod.spec.node_name:
        # It wrote nothing yet, and that is no error.
        return web.Response(status=204, headers={"Audit-Id": call.id})
    _aim(request, target)
    node = await targets.host(target.pod)
    return await stream_text(call, node.logs(request))


async def stream_text(call: Call, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """Answer with text piece by piece; an error before the first piece is still an answer."""
    opening = await anext(pieces, None)
    if call.request.headers.get("Upgrade", "").lower() == "websocket":
        return await _over_websocket(call, opening, pieces)
    response = web.StreamResponse(headers=headers(call, "text/plain"))
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    try:
        if opening is not None:
            await response.write(opening)
            async for piece in pieces:
                await response.write(piece)
        await response.write_eof()
    except ApiError as error:
        await response.write(f"{error.message}\n".encode())
    except ConnectionError:
        pass
    return response


async def _over_websocket(
    call: Call, opening: bytes | None, pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Each piece as a message: as it is, or in base64 where the client wants text."""
    socket = web.WebSocketResponse(protocols=(BINARY, BASE64))
    await socket.prepare(call.request)

    async def send(piece: bytes) -> None:
        if socket.ws_protocol == BASE64:
            await socket.send_str(b64encode(piece).decode())
        else:
            await socket.send_bytes(piece)

    try:
        if opening is not None:
            await send(opening)
            async for piece in pieces:
                await send(piece)
    except ApiError as error:
        await send(f"{error.message}\n".encode())
    except ConnectionError:
        pass
    await socket.close()
    return socket


def _request(call: Call) -> pb.LogsRequest:
    query = call.query
    tail, limit = whole_number(query, "tailLines"), whole_number(query, "limitBytes")
    since, since_time = whole_number(query, "sinceSeconds"), first(query, "sinceTime")
    errors = list(_errors(tail, limit, since, since_time))
    if errors:
        raise invalid_error("", "PodLogOptions", call.path.name, errors)
    if since_time:
        try:
            times.parse(since_time)
        except ValueError:
            raise BadRequestError(f'parsing time "{since_time}": it is no RFC 3339') from None
    request = pb.LogsRequest(
        follow=bool(truth(query, "follow")),
        previous=bool(truth(query, "previous")),
        timestamps=bool(truth(query, "timestamps")),
        since_time=since_time,
        stream=first(query, "stream"),
    )
    if tail is not None:
        request.tail_lines = tail
    if limit is not None:
        request.limit_bytes = limit
    if since is not None:
        request.since_seconds = since
    return request


def _aim(request: pb.LogsRequest, target: Target) -> None:
    request.target.CopyFrom(target.message)


def _errors(
    tail: int | None, limit: int | None, since: int | None, since_time: str
) -> list[FieldError]:
    errors = []
    if tail is not None and tail < 0:
        errors.append(invalid("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        errors.append(invalid("limitBytes", limit, "must be greater than 0"))
    if since is not None and since_time:
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        errors.append(forbidden("[]", detail))
    elif since is not None and since < 1:
        errors.append(invalid("sinceSeconds", since, "must be greater than 0"))
    return errors
