"""Requests to the REST API, for `--raw` and for what only REST has."""

import http.client
import json
import ssl
import tempfile
from typing import Any
from urllib.parse import urlsplit

from knarr.cli.config import Target
from knarr.cli.failures import CliError, PlainError
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError

TIMEOUT_S = 60.0


def request(session: Session, method: str, path: str, body: bytes = b"") -> str:
    """Send a request and answer its body. Raise StatusError."""
    target = session.target
    connection = connect(target)
    headers = {"Accept": "application/json, */*"}
    if target.token:
        headers["Authorization"] = f"Bearer {target.token}"
    if body:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    except OSError as error:
        raise PlainError(f"Unable to connect to the server: {error}") from None
    finally:
        connection.close()
    if answer.status >= 400:
        raise StatusError(_status(text, answer.status))
    return text


def connect(target: Target) -> http.client.HTTPConnection:
    """A connection to the REST API. Raise CliError where none is named."""
    if not target.server:
        raise CliError("the kubeconfig names no server for the REST API")
    parts = urlsplit(target.server)
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
    return http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT_S, context=tls(target))


def tls(target: Target) -> ssl.SSLContext:
    """What the connection trusts, and who we are."""
    context = ssl.create_default_context()
    if target.authority:
        context = ssl.create_default_context(cadata=target.authority.decode())
    if target.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if target.certificate:
        with tempfile.NamedTemporaryFile() as file:
            file.write(target.certificate + b"\n" + target.key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def _status(text: str, code: int) -> dict[str, Any]:
    try:
        status = json.loads(text)
        if isinstance(status, dict) and status.get("kind") == "Status":
            return status
    except ValueError:
        pass
    reason = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound"}.get(code, "InternalError")
    message = "the server could not find the requested resource" if code == 404 else text.strip()
    return {"reason": reason, "message": message, "code": code}
