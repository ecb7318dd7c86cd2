"""`proxy`: the REST API on a port of this machine, without a token."""

import http.server
from typing import Any
from urllib.parse import urlsplit

from knarr.cli.command import Command
from knarr.cli.config import Target
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, number, text, truth
from knarr.cli.raw import connect
from knarr.cli.session import Session

PIECE_BYTES = 64 * 1024
_HOP = {"connection", "transfer-encoding", "keep-alive", "host", "authorization"}


def run(session: Session, arguments: Arguments) -> int | None:
    """Serve until the user stops it."""
    import sys  # noqa: PLC0415

    handler = _handler(session.target, arguments.text("api-prefix"))
    port = arguments.number("port")
    try:
        server = http.server.ThreadingHTTPServer((arguments.text("address"), port), handler)
    except OSError as error:
        raise CliError(
            f"cannot listen on port {port}: {error.strerror}; choose another with --port"
        ) from None
    session.say(f"Starting to serve on {server.server_address[0]!s}:{server.server_address[1]}")
    sys.stdout.flush()
    server.serve_forever()
    return None


def _pass_on(request: http.server.BaseHTTPRequestHandler, target: Target) -> None:
    """Ask the API server what was asked here, as the user of the kubeconfig."""
    body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
    headers = {key: value for key, value in request.headers.items() if key.lower() not in _HOP}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    connection = connect(target)
    connection.request(request.command, request.path, body or None, headers)
    answer = connection.getresponse()
    request.send_response(answer.status)
    for key, value in answer.getheaders():
        if key.lower() not in _HOP:
            request.send_header(key, value)
    if answer.getheader("Content-Length") is None:
        request.send_header("Connection", "close")
        request.close_connection = True
    request.end_headers()
    while piece := answer.read1(PIECE_BYTES):
        request.wfile.write(piece)
        request.wfile.flush()
    connection.close()


def _handler(target: Target, prefix: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            if urlsplit(self.path).path.startswith(prefix):
                _pass_on(self, target)
            else:
                self.send_error(404)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass_on  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing of each request."""

    return Handler


COMMAND = Command(
    about="Serve the REST API on a port of this machine, as the user of the kubeconfig.",
    usage="proxy [--port=PORT] [--api-prefix=PREFIX]",
    examples="""
# Serve on any free port
timeout 2 knarr proxy --port=0
""",
    flags=(
        number("port", "p", default=8001, help="The port on which to listen; 0 for any"),
        text("address", default="127.0.0.1", help="The address on which to serve"),
        text("api-prefix", default="/", help="Serve only paths that begin so"),
        text("www", help="Ignored"),
        truth("disable-filter", help="Ignored"),
    ),
    run=run,
)
