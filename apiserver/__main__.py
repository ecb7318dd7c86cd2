"""The process `knarr-apiserver`."""

import asyncio
from argparse import Namespace
from dataclasses import fields

from apiserver.server import Options, serve
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon
from knarr.daemon.settings import Flags, add_log_flags


def _flags() -> Flags:
    flags = Flags("knarr-apiserver", "Serve the Kubernetes API over a store.")
    flags.flag("store", default="memory://", help="memory://, sqlite:///PATH or etcd://HOST:PORT")
    flags.flag("secure-port", default=6443, help="port of the REST API, 0 for any")
    flags.flag("grpc-port", default=6444, help="port of the gRPC API, 0 for any, -1 for none")
    flags.flag("grpc-client-ca-file", default="", help="whose certificates gRPC clients must show")
    flags.flag("bind-address", default="127.0.0.1", help="address to listen on")
    flags.flag("token-auth-file", default="", help="static tokens: token,user,uid,groups a line")
    flags.flag("client-ca-file", default="", help="whose client certificates are believed")
    flags.flag("tls-cert-file", default="", help="the server's certificate")
    flags.flag("tls-private-key-file", default="", help="the key of that certificate")
    flags.flag("anonymous-auth", default=True, help="let in who says nothing, as system:anonymous")
    add_log_flags(flags)
    return flags


def options_of(found: Namespace) -> Options:
    """The options that flags say."""
    known = {field.name for field in fields(Options)}
    return Options(**{name: value for name, value in vars(found).items() if name in known})


async def run(options: Options) -> None:
    """Serve until cancelled."""
    async with serve(options):
        await asyncio.get_running_loop().create_future()


def main() -> None:
    """Read the flags and serve."""
    found = _flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    run_daemon("knarr-apiserver", run(options_of(found)))


if __name__ == "__main__":
    main()
