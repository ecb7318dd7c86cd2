"""From a kubeconfig's words to a client."""

from collections.abc import Callable

from knarr.cli.config import Target
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments
from knarr.client.dynamic import CALL_S, DynamicClient
from knarr.client.unary import Tls


def connect(
    target: Target,
    arguments: Arguments,
    *,
    on_warning: Callable[[str], None],
    timeout_s: float | None,
) -> DynamicClient:
    """A client of the target; nothing is asked of the server yet. Raise CliError."""
    if not target.grpc:
        raise _nowhere(target)
    metadata = [("authorization", f"Bearer {target.token}")] if target.token else []
    metadata += _impersonation(arguments)
    servers, tls = _servers(target, arguments)
    return DynamicClient(
        servers,
        tls=tls,
        metadata=metadata,
        timeout_s=timeout_s or CALL_S,
        on_warning=on_warning,
    )


def _nowhere(target: Target) -> CliError:
    if not target.server and not target.cluster:
        return PlainError(
            "error: no cluster is named in the kubeconfig; `knarr up` starts one, "
            "--kubeconfig or --context names another"
        )
    return PlainError(
        f'error: cluster "{target.cluster}" names no gRPC address in the kubeconfig '
        "(extension knarr.dev/grpc); `knarr up` writes it, --server grpc://HOST:PORT names one"
    )


def _servers(target: Target, arguments: Arguments) -> tuple[str, Tls | None]:
    """Whom to ask, whom to believe and who we are; None for servers that do not encrypt."""
    if arguments.truth("insecure-skip-tls-verify") or target.insecure:
        return _of_anybody(target)
    _check(target)
    if not target.authority:
        return target.grpc, None
    return target.grpc, Tls(target.authority, target.certificate, target.key, target.server_name)


def _check(target: Target) -> None:
    """Raise PlainError for what gRPC would end the whole process for."""
    if target.authority and not _is_pem(target.authority):
        raise PlainError("error: the certificate authority is no PEM certificate")
    if bool(target.certificate) != bool(target.key):
        raise PlainError("error: a client certificate and its key go together; one is missing")
    if not target.certificate:
        return
    import ssl  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    with tempfile.NamedTemporaryFile() as file:
        file.write(target.certificate + b"\n" + target.key)
        file.flush()
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(file.name)
        except (ssl.SSLError, OSError):
            raise PlainError(
                "error: the client certificate and its key are no PEM, or belong not together"
            ) from None


def _is_pem(data: bytes) -> bool:
    """Whether a text holds at least one certificate that can be decoded."""
    import base64  # noqa: PLC0415

    body = data.partition(b"-----BEGIN CERTIFICATE-----")[2].partition(b"-----END")[0]
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)[:1] == b"0"
    except ValueError:
        return False


def _of_anybody(target: Target) -> tuple[str, Tls]:
    """The first server that answers, and what believes whatever certificate it shows."""
    import ssl  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415

    for server in target.grpc.split(","):
        host, _, port = server.rpartition(":")
        try:
            shown = ssl.get_server_certificate((host.strip("[]"), int(port)), timeout=10)
            break
        except OSError as error:
            failure = error
    else:
        raise PlainError(f"Unable to connect to the server: {failure}")
    names = x509.load_pem_x509_certificate(shown.encode()).extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value
    known = [*found.get_values_for_type(x509.DNSName), *found.get_values_for_type(x509.IPAddress)]
    name = str(next(iter(known), "localhost"))
    return server, Tls(shown.encode(), target.certificate, target.key, name)


def _impersonation(arguments: Arguments) -> list[tuple[str, str]]:
    user = arguments.text("as")
    found = [("impersonate-user", user)] if user else []
    found += [("impersonate-group", group) for group in arguments.list("as-group")]
    uid = arguments.text("as-uid")
    return [*found, ("impersonate-uid", uid)] if uid else found
