"""The keys that a further server needs, as an encrypted Secret.

Only who has the certificate key can read it, and that key is never stored in
the cluster: `knarr token create --server` prints it once. The Secret goes with
the token that it was made for.
"""

import base64
import secrets
from collections.abc import Mapping
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from knarr.api.core.secret import Secret
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.settings import ClusterSettings
from knarr.daemon.certificates import write_whole

NAME = Key("kube-system", "knarr-server-keys")
CONTENT = "content"
KEY_BYTES = 32
NONCE_BYTES = 12

FILES = (
    "ca.crt",
    "ca.key",
    "service-accounts.key",
    "etcd/ca.crt",
    "etcd/ca.key",
)
"""What servers share, below their folder `pki`."""


class Bundle(Struct, frozen=True, kw_only=True):
    """What is in the Secret."""

    files: Mapping[str, bytes]
    settings: ClusterSettings


def new_key() -> str:
    """A key to lock a bundle with, as it is printed."""
    return secrets.token_bytes(KEY_BYTES).hex()


def pack(pki: Path, settings: ClusterSettings) -> Bundle:
    """The bundle of a server's folder."""
    files = {name: (pki / name).read_bytes() for name in FILES if (pki / name).exists()}
    return Bundle(files=files, settings=settings)


def unpack(bundle: Bundle, pki: Path) -> None:
    """Write the files of a bundle, those that others are judged by last."""
    for name in reversed(FILES):
        if name in bundle.files:
            path = pki / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            mode = 0o600 if name.endswith(".key") else 0o644
            write_whole(path, bundle.files[name], mode=mode)


def lock(bundle: Bundle, key: str) -> bytes:
    """The bundle, readable with the key only."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    plain = msgspec.json.encode(bundle)
    return nonce + AESGCM(bytes.fromhex(key)).encrypt(nonce, plain, None)


def unlock(data: bytes, key: str) -> Bundle:
    """What is in a locked bundle. Raise JoinError when the key is another's."""
    try:
        cipher = AESGCM(bytes.fromhex(key))
        plain = cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None)
        return msgspec.json.decode(plain, type=Bundle)
    except (ValueError, InvalidTag):
        raise JoinError(
            "--certificate-key: not the key that this cluster's keys are locked with; "
            "`knarr token create --server` on a server prints one"
        ) from None


def secret_of(bundle: Bundle, key: str, token: Secret) -> Secret:
    """The Secret with a locked bundle, which goes when the token's does."""
    owner = OwnerReference(
        api_version="v1", kind="Secret", name=token.metadata.name, uid=token.metadata.uid
    )
    return Secret(
        metadata=ObjectMeta(name=NAME.name, namespace=NAME.namespace, owner_references=(owner,)),
        type="knarr.dev/server-keys",
        data={CONTENT: base64.b64encode(lock(bundle, key)).decode()},
    )
