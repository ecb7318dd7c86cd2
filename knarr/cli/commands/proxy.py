"""`proxy`: the REST API on a port of this machine, without a token."""

import http.server
import mimetypes
import re
import socketserver
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from knarr.cli.command import Command
from knarr.cli.config import Target
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, duration, number, text, truth
from knarr.cli.raw import connect
from knarr.cli.session import Session

PIECE_BYTES = 64 * 1024
_HOP = {"connection", "transfer-encoding", "keep-alive", "host", "authorization"}


class _Rules(Struct, frozen=True):
    """What is passed on, and what comes from files."""

    target: Target
    prefix: str
    server_path: str
    hosts: re.Pattern[str]
    paths: re.Pattern[str]
    bad_paths: re.Pattern[str]
    bad_methods: re.Pattern[str]
    filters: bool
    www: Path | None
    www_prefix: str

    def allows(self, host: str, method: str, path: str) -> bool:
        """Whether a request is passed on at all."""
        if not self.filters:
            return True
        if self.bad_paths.search(path) or self.bad_methods.search(method):
            return False
        return bool(self.paths.search(path) and self.hosts.search(_name(host)))


def run(session: Session, arguments: Arguments) -> int | None:
    """Serve until the user stops it."""
    import sys  # noqa: PLC0415

    handler = _handler(_rules(session, arguments))
    socket_path = arguments.text("unix-socket")
    if socket_path:
        server: socketserver.BaseServer = _UnixServer(socket_path, handler)
        session.say(f"Starting to serve on {socket_path}")
    else:
        server = _tcp_server(arguments, handler)
        host, port = server.server_address[:2]
        session.say(f"Starting to serve on {host!s}:{port!s}")
    sys.stdout.flush()
    try:
        server.serve_forever()
    finally:
        if socket_path:
            Path(socket_path).unlink(missing_ok=True)
    return None


def _tcp_server(
    arguments: Arguments, handler: type[http.server.BaseHTTPRequestHandler]
) -> http.server.ThreadingHTTPServer:
    port = arguments.number("port")
    try:
        return http.server.ThreadingHTTPServer((arguments.text("address"), port), handler)
    except OSError as error:
        raise CliError(
            f"cannot listen on port {port}: {error.strerror}; choose another with --port"
        ) from None


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def _rules(session: Session, arguments: Arguments) -> _Rules:
    www = arguments.text("www")
    server_path = urlsplit(session.target.server).path.rstrip("/")
    return _Rules(
        target=session.target,
        prefix=f"/{arguments.text('api-prefix').strip('/')}/".replace("//", "/"),
        server_path=server_path if arguments.truth("append-server-path") else "",
        hosts=_pattern(arguments, "accept-hosts"),
        paths=_pattern(arguments, "accept-paths"),
        bad_paths=_pattern(arguments, "reject-paths"),
        bad_methods=_pattern(arguments, "reject-methods"),
        filters=not arguments.truth("disable-filter"),
        www=Path(www) if www else None,
        www_prefix=f"/{arguments.text('www-prefix').strip('/')}/".replace("//", "/"),
    )


def _pattern(arguments: Arguments, flag: str) -> re.Pattern[str]:
    """Any of several expressions, with commas between them."""
    parts = [f"(?:{one})" for one in arguments.text(flag).split(",") if one]
    try:
        return re.compile("|".join(parts) or "(?!)")
    except re.error as error:
        raise CliError(f"--{flag} is no regular expression: {error}") from None


def _name(host: str) -> str:
    """A Host header without its port."""
    return re.sub(r":\d+$", "", host)


def _pass_on(request: http.server.BaseHTTPRequestHandler, target: Target, path: str) -> None:
    """Ask the API server what was asked here, as the user of the kubeconfig."""
    body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
    headers = {key: value for key, value in request.headers.items() if key.lower() not in _HOP}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    connection = connect(target)
    connection.request(request.command, path, body or None, headers)
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


def _send_file(request: http.server.BaseHTTPRequestHandler, folder: Path, name: str) -> None:
    path = (folder / unquote(name)).resolve()
    path = path / "index.html" if path.is_dir() else path
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        request.send_error(404)
        return
    content = path.read_bytes()
    request.send_response(200)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def _handler(rules: _Rules) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def address_string(self) -> str:
            return "client"  # A Unix socket has no address to show.

        def _pass_on(self) -> None:
            path = urlsplit(self.path).path
            if rules.www is not None and path.startswith(rules.www_prefix):
                _send_file(self, rules.www, path.removeprefix(rules.www_prefix))
            elif not rules.allows(self.headers.get("Host", ""), self.command, path):
                self.send_error(403, "Forbidden")
            elif not path.startswith(rules.prefix):
                self.send_error(404)
            else:
                rest = self.path.removeprefix(rules.prefix).lstrip("/")
                _pass_on(self, rules.target, f"{rules.server_path}/{rest}")

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass_on  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing of each request."""

    return Handler


COMMAND = Command(
    about="Serve the REST API on a port of this machine, as the user of the kubeconfig.",
    usage="proxy [--port=PORT] [--www=FOLDER] [--www-prefix=PREFIX] [--api-prefix=PREFIX]",
    examples="""
# Serve on any free port
timeout 2 knarr proxy --port=0
""",
    flags=(
        number("port", "p", default=8001, help="The port on which to listen; 0 for any"),
        text("address", default="127.0.0.1", help="The address on which to serve"),
        text("api-prefix", default="/", help="Serve the API below this path"),
        truth("append-server-path", help="Put the path of the kubeconfig's server before each"),
        text("unix-socket", "u", help="Serve on this Unix socket"),
        text("www", "w", help="Serve the files of this folder too"),
        text("www-prefix", "P", default="/static/", help="Below which path the files are"),
        text("accept-hosts", default=r"^localhost$,^127\.0\.0\.1$,^\[::1\]$",
             help="Regular expressions of hosts that may be asked for"),
        text("accept-paths", default="^.*", help="Regular expressions of paths that are served"),
        text("reject-paths", default="^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
             help="Regular expressions of paths that are not"),
        text("reject-methods", default="^$", help="Regular expressions of methods that are not"),
        truth("disable-filter", help="Serve every request, whoever made it: dangerous"),
        duration("keepalive", help="Ignored: connections are kept as the system does"),
    ),
    run=run,
)  # fmt: skip
