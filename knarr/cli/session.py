"""What a command works with: where the words go, which cluster is meant, its client and kinds."""

import os
import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from knarr.cli.config import Config, Overrides, Target, config_paths, read_config, target_of
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, Flag, array, duration, number, text, truth, words

if TYPE_CHECKING:
    from knarr.cli.resources import Resources
    from knarr.client.dynamic import DynamicClient

Json = dict[str, Any]

GLOBAL_FLAGS: tuple[Flag, ...] = (
    text("kubeconfig", help="Path to the kubeconfig file to use for CLI requests."),
    text("context", help="The name of the kubeconfig context to use"),
    text("cluster", help="The name of the kubeconfig cluster to use"),
    text("user", help="The name of the kubeconfig user to use"),
    text("namespace", "n", help="If present, the namespace scope for this CLI request"),
    text(
        "server",
        "s",
        help="The address and port of the API server; grpc://HOST:PORT[,HOST:PORT…] for gRPC",
    ),
    text("token", help="Bearer token for authentication to the API server"),
    text("certificate-authority", help="Path to a cert file for the certificate authority"),
    text("client-certificate", help="Path to a client certificate file for TLS"),
    text("client-key", help="Path to a client key file for TLS"),
    text("tls-server-name", help="Server name to use for server certificate validation"),
    truth("insecure-skip-tls-verify", help="Do not check the server's certificate"),
    text("request-timeout", default="0", help="Longest time to wait for one server request"),
    text("as", help="Username to impersonate for the operation"),
    array("as-group", help="Group to impersonate, may be given several times"),
    text("as-uid", help="UID to impersonate for the operation"),
    array("as-user-extra", help="Extra fields to impersonate"),
    number("v", "v", help="Number for the log level verbosity"),
    truth("warnings-as-errors", help="End with a failure when the server warned of something"),
    text("cache-dir", help="Ignored: nothing is cached"),
    truth("match-server-version", help="Ignored: the versions are one"),
    truth("disable-compression", help="Ignored"),
    text("username", help="Ignored"),
    text("password", help="Ignored"),
    text("profile", help="Ignored"),
    text("profile-output", help="Ignored"),
    duration("log-flush-frequency", help="Ignored"),
    text("kuberc", help="Ignored"),
    words("vmodule", help="Ignored"),
)


class Session:
    """One run of one command."""

    def __init__(self, arguments: Arguments, *, program: str = "knarr") -> None:
        self.arguments = arguments
        self.program = program
        """What the command calls itself in messages."""
        self.launcher: tuple[str, ...] = ()
        """The commands that start and stop clusters."""
        self.warnings: list[str] = []
        self.manager = ""
        """Under which name fields are written, unless a flag names another."""

    def say(self, line: str) -> None:
        """Write a line to standard output."""
        sys.stdout.write(line + "\n")

    def write(self, words: str) -> None:
        """Write to standard output, as it is."""
        sys.stdout.write(words)

    def tell(self, line: str) -> None:
        """Write a line to standard error."""
        sys.stdout.flush()
        sys.stderr.write(line + "\n")

    def warn(self, warning: str) -> None:
        """Show a warning of the server, each only once."""
        if warning not in self.warnings:
            self.warnings.append(warning)
            self.tell(f"Warning: {warning}")

    def read(self) -> str:
        """All of standard input."""
        return sys.stdin.read()

    @cached_property
    def config(self) -> Config:
        """The kubeconfig."""
        explicit = self.arguments.text("kubeconfig")
        return read_config(config_paths(explicit, os.environ), is_required=bool(explicit))

    @cached_property
    def target(self) -> Target:
        """The cluster and user that are meant."""
        found = self.arguments
        return target_of(
            self.config,
            Overrides(
                kubeconfig=found.text("kubeconfig"),
                context=found.text("context"),
                cluster=found.text("cluster"),
                user=_word(found.values["user"]),
                namespace=found.text("namespace"),
                server=found.text("server"),
                token=found.text("token"),
                authority=found.text("certificate-authority"),
                certificate=found.text("client-certificate"),
                key=found.text("client-key"),
                server_name=found.text("tls-server-name"),
            ),
        )

    def close(self) -> None:
        """Let go of the connection, if there was need of one."""
        if "client" in self.__dict__:
            self.client.close()

    def as_oneself(self) -> "Session":
        """The same without acting for another: who asks about others' rights must see the roles."""
        values = {**self.arguments.values, "as": "", "as-group": (), "as-uid": ""}
        return Session(replace(self.arguments, values=values), program=self.program)

    @property
    def namespace(self) -> str:
        """The namespace that is meant where nothing else says one."""
        return self.target.namespace

    @property
    def timeout_s(self) -> float | None:
        """The longest a request may take, None for the usual."""
        from knarr.cli.flags import seconds_of  # noqa: PLC0415

        value = self.arguments.text("request-timeout")
        try:
            return seconds_of(value) or None
        except ValueError:
            raise CliError(
                f"Invalid timeout value. Timeout must be a single integer in seconds, or an "
                f"integer followed by a corresponding time unit (e.g. 1s | 2m | 3h): {value}"
            ) from None

    @cached_property
    def client(self) -> "DynamicClient":
        """The client of the cluster that is meant."""
        from knarr.cli.connect import connect  # noqa: PLC0415  # gRPC takes its time to load.

        return connect(self.target, self.arguments, on_warning=self.warn, timeout_s=self.timeout_s)

    @cached_property
    def resources(self) -> "Resources":
        """The kinds of the cluster."""
        from knarr.cli.resources import Resources  # noqa: PLC0415

        return Resources(self._definitions)

    def _definitions(self) -> Iterable[Json]:
        from knarr.api.kinds import BUILT_IN  # noqa: PLC0415
        from knarr.client.dynamic import StatusError, UnreachableError  # noqa: PLC0415

        kind = next(one for one in BUILT_IN if one.plural == "customresourcedefinitions")
        try:
            return self.client.list(kind).objects
        except (StatusError, UnreachableError) as error:
            if isinstance(error, StatusError) and error.reason == "Forbidden":
                return ()
            raise


def _word(value: Any) -> str:
    """A global flag's value; nothing where a command has a list flag of that name."""
    return value if isinstance(value, str) else ""
