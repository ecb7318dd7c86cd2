"""`knarr token`: makes, lists and deletes the tokens by which hosts join."""

import asyncio
import base64
import os
import secrets
import string
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from knarr.api.core.bootstrap_token import (
    JOIN_GROUP,
    NAMESPACE,
    PREFIX,
    SECRET_TYPE,
    TOKEN,
    BootstrapToken,
    token_of,
)
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.secret import Secret
from knarr.api.errors import ApiError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.cli.config import Overrides, config_paths, read_config, target_of
from knarr.cli.failures import CliError
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from knarr.cluster.hosts.bundle import NAME as KEYS
from knarr.cluster.hosts.bundle import new_key, pack, secret_of
from knarr.cluster.hosts.discovery import pin_of
from knarr.cluster.hosts.folder import ServerFolder
from knarr.cluster.hosts.objects import INFO, SERVER_GROUP
from knarr.daemon.clock import SystemClock
from knarr.daemon.settings import Flags, SettingsError

SIGNED_S = 10.0
"""The controller manager signs for a new token within moments; nobody waits longer than this."""

_ALPHABET = string.ascii_lowercase + string.digits

Run = Callable[[Client, Namespace], Awaitable[int]]


def token(arguments: Sequence[str]) -> int:
    """Run `knarr token create`, `list` or `delete`."""
    verb = arguments[0] if arguments else ""
    if verb not in _VERBS:
        raise SettingsError("one of create, list, delete must follow; --help says more")
    flags, run = _VERBS[verb]
    found = flags().read(arguments[1:])
    return asyncio.run(_with_client(found, run))


async def _with_client(found: Namespace, run: Run) -> int:
    try:
        config = read_config(config_paths(_kubeconfig(found), os.environ))
        target = target_of(config, Overrides(context=found.context))
    except CliError as error:
        raise SettingsError(str(error)) from None
    if not target.grpc:
        raise SettingsError("no cluster is named in the kubeconfig; see --kubeconfig")
    credentials = Credentials(
        authority=target.authority,
        certificate=target.certificate,
        key=target.key,
        token=target.token,
        server_name=target.server_name,
    )
    async with connect(target.grpc.split(","), credentials) as client:
        try:
            return await run(client, found)
        except ApiError as error:
            raise SettingsError(error.message) from None


def _kubeconfig(found: Namespace) -> str:
    """The flag, else what the environment says, else on a server its administrator's."""
    own = ServerFolder(Path(found.state_dir)).kubeconfig
    if found.kubeconfig or os.environ.get("KUBECONFIG"):
        return str(found.kubeconfig)
    return str(own) if own.exists() else ""


def _flags(verb: str, about: str) -> Flags:
    flags = Flags(f"knarr token {verb}", about)
    flags.flag("kubeconfig", default="", help="file that names the cluster and who asks")
    flags.flag("context", default="", help="context of that file")
    flags.flag("state-dir", default="/var/lib/knarr/server", help="folder of the server here")
    return flags


def _create_flags() -> Flags:
    flags = _flags("create", "Make a token and print the command by which a host joins with it.")
    flags.flag("ttl", default=86400.0, help="how long it is good, 0 for ever")
    flags.flag("description", default="", help="what it is for")
    flags.flag("server", default=False, help="for further servers; to be run on a server")
    flags.flag("only-token", default=False, help="print the token and nothing else")
    flags.add_argument("token", nargs="?", default="", help="the token itself instead of chance")
    return flags


async def _create(client: Client, found: Namespace) -> int:
    made = _made(found, SystemClock().now())
    secret = Secret(
        metadata=ObjectMeta(name=PREFIX + made.id, namespace=NAMESPACE),
        type=SECRET_TYPE,
        string_data=made.as_data(),
    )
    stored = await client.create(secret)
    info = await _signed(client, made.id)
    server, pin = _where(info)
    words = ["knarr", "server" if found.server else "agent", f"--join={server}"]
    words += [f"--token={made.text}", f"--discovery-token-ca-cert-hash={pin}"]
    if found.server:
        words.append(f"--certificate-key={await _publish_keys(client, found, stored)}")
    _say(made.text if found.only_token else " ".join(words))
    return 0


def _made(found: Namespace, now: datetime) -> BootstrapToken:
    match = TOKEN.fullmatch(found.token) if found.token else None
    if found.token and match is None:
        raise SettingsError(f"{found.token!r} is not of the form abcdef.0123456789abcdef")
    token_id, token_secret = match.groups() if match else (_chance(6), _chance(16))
    return BootstrapToken(
        id=token_id,
        secret=token_secret,
        description=found.description,
        expires=now + timedelta(seconds=found.ttl) if found.ttl else None,
        usages=("authentication", "signing"),
        groups=(SERVER_GROUP,) if found.server else (JOIN_GROUP,),
    )


async def _signed(client: Client, token_id: str) -> ConfigMap:
    """What hosts read first, as soon as it is signed with the token."""
    try:
        async with asyncio.timeout(SIGNED_S):
            while True:
                info = await client.get(ConfigMap, INFO)
                if f"jws-kubeconfig-{token_id}" in info.data:
                    return info
                await asyncio.sleep(0.05)
    except NotFoundError:
        raise SettingsError(
            "this cluster has no cluster-info: hosts join what `knarr server` runs"
        ) from None
    except TimeoutError:
        raise SettingsError(
            "the token is made, but cluster-info is not signed with it: "
            "does a controller manager run?"
        ) from None


def _where(info: ConfigMap) -> tuple[str, str]:
    cluster = yaml.safe_load(info.data["kubeconfig"])["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"])
    return str(cluster["server"]), pin_of(authority)


async def _publish_keys(client: Client, found: Namespace, token_secret: Secret) -> str:
    """Put the keys that servers share into the cluster, locked; answer the key to them."""
    folder = ServerFolder(Path(found.state_dir))
    settings = folder.known()
    if settings is None:
        raise SettingsError(f"--server: no server has its folder at {folder.path}; see --state-dir")
    key = new_key()
    with suppress(NotFoundError):
        await client.delete(Secret, KEYS)
    await client.create(secret_of(pack(folder.pki, settings), key, token_secret))
    return key


async def _list(client: Client, _found: Namespace) -> int:
    listed = await client.list(Secret, namespace=NAMESPACE, field_selector=f"type={SECRET_TYPE}")
    rows = [("TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "GROUPS")]
    now = SystemClock().now()
    for secret in listed.items:
        one = token_of(secret)
        if one is not None:
            rows.append(_row(one, now))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        _say(
            "   ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        )
    return 0


def _row(one: BootstrapToken, now: datetime) -> tuple[str, str, str, str, str, str]:
    ttl, expires = "<forever>", "<never>"
    if one.expires is not None:
        seconds = int((one.expires - now).total_seconds())
        ttl = "<expired>" if seconds <= 0 else f"{seconds // 3600}h{seconds // 60 % 60}m"
        expires = one.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
    description = one.description or "<none>"
    # The second half opens the cluster: who lists tokens may read it, a shell's history may not.
    return one.id, ttl, expires, ",".join(one.usages), description, ",".join(one.groups)


def _delete_flags() -> Flags:
    flags = _flags("delete", "Delete tokens; who joined with them stays.")
    flags.add_argument("tokens", nargs="+", help="tokens, or the halves before the point")
    return flags


async def _delete(client: Client, found: Namespace) -> int:
    for text in found.tokens:
        token_id = text.partition(".")[0]
        try:
            await client.delete(Secret, Key(NAMESPACE, PREFIX + token_id))
        except NotFoundError:
            raise SettingsError(f"there is no token {token_id}") from None
        _say(f"token {token_id} is deleted")
    return 0


def _chance(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


_VERBS: dict[str, tuple[Callable[[], Flags], Run]] = {
    "create": (_create_flags, _create),
    "list": (lambda: _flags("list", "List the tokens by which hosts may join."), _list),
    "delete": (_delete_flags, _delete),
}
