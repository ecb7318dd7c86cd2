"""From a kubeconfig's words to a client."""

from collections.abc import Callable

import grpc

from knarr.cli.config import Target
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments
from knarr.client.dynamic import CALL_S, DynamicClient


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
    credentials, name = _credentials(target, arguments)
    return DynamicClient(
        target.grpc,
        credentials=credentials,
        metadata=metadata,
        server_name=name,
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


def _credentials(
    target: Target, arguments: Arguments
) -> tuple[grpc.ChannelCredentials | None, str]:
    """The channel's credentials, and the name to look for in the server's certificate."""
    if arguments.truth("insecure-skip-tls-verify") or target.insecure:
        return _of_anybody(target)
    if not target.authority:
        return None, target.server_name
    return (
        grpc.ssl_channel_credentials(
            target.authority, target.key or None, target.certificate or None
        ),
        target.server_name,
    )


def _of_anybody(target: Target) -> tuple[grpc.ChannelCredentials, str]:
    """Credentials that believe whatever certificate the server shows."""
    import ssl  # noqa: PLC0415

    from cryptography import x509  # noqa: PLC0415

    host, _, port = target.grpc.rpartition(":")
    try:
        shown = ssl.get_server_certificate((host.strip("[]"), int(port)), timeout=10)
    except OSError as error:
        raise PlainError(f"Unable to connect to the server: {error}") from None
    names = x509.load_pem_x509_certificate(shown.encode()).extensions
    found = names.get_extension_for_class(x509.SubjectAlternativeName).value
    name = next(iter(found.get_values_for_type(x509.DNSName)), "localhost")
    return grpc.ssl_channel_credentials(
        shown.encode(), target.key or None, target.certificate or None
    ), name


def _impersonation(arguments: Arguments) -> list[tuple[str, str]]:
    user = arguments.text("as")
    found = [("impersonate-user", user)] if user else []
    found += [("impersonate-group", group) for group in arguments.list("as-group")]
    uid = arguments.text("as-uid")
    return [*found, ("impersonate-uid", uid)] if uid else found
