"""Generators of configuration: config maps, secrets, namespaces, accounts, quotas and the like."""

import base64
import re
from pathlib import Path
from typing import Any

from knarr.api.quantities import canonical
from knarr.cli.command import Command
from knarr.cli.commands.create.making import generator
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, array, number, pairs, text, truth, words
from knarr.cli.generators import metadata
from knarr.cli.keyed_files import read_data
from knarr.cli.session import Session

Json = dict[str, Any]

_DOCKER_CONFIG = ".dockerconfigjson"

_DATA_FLAGS = (
    array("from-literal", help="A key and literal value: mykey=somevalue"),
    array("from-file", help="A file, or key=file, or a directory of files"),
    array("from-env-file", help="A file of key=value lines"),
    truth("append-hash", help="Append a hash of the data to the name"),
)


def _data(arguments: Arguments) -> dict[str, bytes]:
    return read_data(
        arguments.list("from-literal"), arguments.list("from-file"), arguments.list("from-env-file")
    )


def _config_map(session: Session, arguments: Arguments, name: str) -> Json:
    texts: Json = {}
    binary: Json = {}
    for key, value in _data(arguments).items():
        try:
            texts[key] = value.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(value).decode()
    made: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name)}
    made |= {"data": texts} if texts else {}
    made |= {"binaryData": binary} if binary else {}
    return _hashed(made, arguments)


def _hashed(made: Json, arguments: Arguments) -> Json:
    if arguments.values.get("append-hash"):
        from knarr.cli.kustomize.generating import hash_of  # noqa: PLC0415

        name = made["metadata"]["name"]
        made["metadata"]["name"] = f"{name}-{hash_of(made, name=name)}"
    return made


def _secret(name: str, data: dict[str, bytes], secret_type: str = "") -> Json:
    made: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata(name)}
    if data:
        made["data"] = {key: base64.b64encode(value).decode() for key, value in data.items()}
    return made | ({"type": secret_type} if secret_type else {})


def _generic(session: Session, arguments: Arguments, name: str) -> Json:
    return _hashed(_secret(name, _data(arguments), arguments.text("type")), arguments)


def _tls(session: Session, arguments: Arguments, name: str) -> Json:
    if not arguments.text("cert") or not arguments.text("key"):
        raise CliError("key and cert must be specified")
    data = {}
    for key, flag in (("tls.crt", "cert"), ("tls.key", "key")):
        path = arguments.text(flag)
        try:
            data[key] = Path(path).read_bytes()
        except OSError as error:
            words = (error.strerror or "").lower()
            raise CliError(f"Cannot read file {path}, open {path}: {words}") from None
    for key, what in (("tls.crt", "certificate"), ("tls.key", "key")):
        if b"-----BEGIN " not in data[key]:
            raise CliError(f"tls: failed to find any PEM data in {what} input")
    return _hashed(_secret(name, data, "kubernetes.io/tls"), arguments)


def _docker(session: Session, arguments: Arguments, name: str) -> Json:
    if arguments.list("from-file"):
        files = [
            source if "=" in source else f"{_DOCKER_CONFIG}={source}"
            for source in arguments.list("from-file")
        ]
        data = read_data((), files, ())
        return _hashed(_secret(name, data, "kubernetes.io/dockerconfigjson"), arguments)
    user, password = arguments.text("docker-username"), arguments.text("docker-password")
    if not user or not password or not arguments.text("docker-server"):
        raise CliError(
            "either --from-file or the combination of --docker-username, --docker-password "
            "and --docker-server is required"
        )
    entry = {"username": user, "password": password}
    if arguments.text("docker-email"):
        entry["email"] = arguments.text("docker-email")
    entry["auth"] = base64.b64encode(f"{user}:{password}".encode()).decode()
    import json  # noqa: PLC0415

    config = {"auths": {arguments.text("docker-server"): entry}}
    text_of_it = json.dumps(config, separators=(",", ":"))
    data = {_DOCKER_CONFIG: text_of_it.encode()}
    return _hashed(_secret(name, data, "kubernetes.io/dockerconfigjson"), arguments)


def _namespace(session: Session, arguments: Arguments, name: str) -> Json:
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(name)}
    return made | {"spec": {}, "status": {}}


def _account(session: Session, arguments: Arguments, name: str) -> Json:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(name)}


def _quota(session: Session, arguments: Arguments, name: str) -> Json:
    spec: Json = {}
    for one in arguments.list("hard"):
        resource, equals, amount = one.partition("=")
        if not equals or not resource:
            raise CliError(f"Invalid argument syntax {one}, expected <resource>=<value>")
        try:
            spec.setdefault("hard", {})[resource] = str(canonical(amount))
        except ValueError as error:
            raise CliError(str(error)) from None
    if arguments.list("scopes"):
        spec["scopes"] = arguments.list("scopes")
    made = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata(name)}
    return made | {"spec": spec, "status": {}}


def _budget(session: Session, arguments: Arguments, name: str) -> Json:
    least, most = arguments.text("min-available"), arguments.text("max-unavailable")
    if not arguments.text("selector"):
        raise CliError("a selector must be specified")
    if not least and not most:
        raise CliError("one of min-available or max-unavailable must be specified")
    if least and most:
        raise CliError("min-available and max-unavailable cannot be both specified")
    for flag, amount in (("min-available", least), ("max-unavailable", most)):
        if amount and not re.fullmatch(r"[0-9]+%?", amount):
            raise CliError(f"invalid format specified for {flag}")
    labels = pairs(arguments.text("selector").split(","))
    spec: Json = {"selector": {"matchLabels": dict(labels)}}
    key, value = ("minAvailable", least) if least else ("maxUnavailable", most)
    spec[key] = int(value) if value.isdigit() else value
    counts = ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods")
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(name),
        "spec": spec,
        "status": dict.fromkeys(counts, 0),
    }


def _priority(session: Session, arguments: Arguments, name: str) -> Json:
    made: Json = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": metadata(name),
        "value": arguments.number("value"),
        "preemptionPolicy": arguments.text("preemption-policy"),
    }
    if arguments.truth("global-default"):
        made["globalDefault"] = True
    if arguments.text("description"):
        made["description"] = arguments.text("description")
    return made


CONFIG_MAP = generator(
    _config_map,
    about="Create a config map from literals, files or environment files.",
    usage="configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1]",
    examples="""
# Create a config map of two values
knarr create configmap settings --from-literal=a=1 --from-literal=b=2 --dry-run=server
""",
    flags=_DATA_FLAGS,
    failure="configmap",
)
SECRETS: dict[str, Command] = {
    "generic": generator(
        _generic,
        about="Create a secret from literals, files or environment files.",
        usage="secret generic NAME [--type=string] [--from-literal=key1=value1]",
        examples="""
# Create a secret of a password
knarr create secret generic login --from-literal=password=hidden --dry-run=server
""",
        flags=(*_DATA_FLAGS, text("type", help="The type of secret to create")),
        failure="secret",
    ),
    "tls": generator(
        _tls,
        about="Create a secret of a certificate and its key.",
        usage="secret tls NAME --cert=path/to/cert/file --key=path/to/key/file",
        examples="""
# Create a secret of a certificate and its key
knarr create secret tls site --cert=tls.crt --key=tls.key --dry-run=client -o name
""",
        flags=(
            text("cert", help="Path to PEM encoded public key certificate"),
            text("key", help="Path to private key associated with given certificate"),
            truth("append-hash", help="Append a hash of the data to the name"),
        ),
        failure="secret",
    ),
    "docker-registry": generator(
        _docker,
        about="Create a secret of a user and password for a registry of images.",
        usage="secret docker-registry NAME --docker-username=user --docker-password=password",
        examples="""
# Create a secret for a registry
knarr create secret docker-registry pull --docker-server=r.io --docker-username=u \
--docker-password=p --dry-run=server
""",
        flags=(
            text("docker-server", default="https://index.docker.io/v1/", help="The registry"),
            text("docker-username", help="Username for Docker registry authentication"),
            text("docker-password", help="Password for Docker registry authentication"),
            text("docker-email", help="Email for Docker registry"),
            array("from-file", help="A configuration file: .dockerconfigjson=path"),
            truth("append-hash", help="Append a hash of the data to the name"),
        ),
        failure="secret",
    ),
}
NAMESPACE = generator(
    _namespace,
    about="Create a namespace.",
    usage="namespace NAME [--dry-run=server|client|none]",
    examples="""
# Create a namespace
knarr create namespace team-a --dry-run=server
""",
)
ACCOUNT = generator(
    _account,
    about="Create a service account.",
    usage="serviceaccount NAME [--dry-run=server|client|none]",
    examples="""
# Create a service account
knarr create serviceaccount robot --dry-run=server
""",
    failure="serviceaccount",
)
QUOTA = generator(
    _quota,
    about="Create a quota: how much the objects of a namespace may use together.",
    usage="quota NAME [--hard=key1=value1,key2=value2] [--scopes=Scope1,Scope2]",
    examples="""
# Allow ten pods
knarr create quota small --hard=pods=10,cpu=4 --dry-run=server
""",
    flags=(
        words("hard", help="Resources and their limits: resource1=limit1,resource2=limit2"),
        words("scopes", help="Scopes that each tracked object must match"),
    ),
    failure="resourcequota",
)
BUDGET = generator(
    _budget,
    about="Create a pod disruption budget: how many pods must stay while nodes are drained.",
    usage="poddisruptionbudget NAME --selector=SELECTOR --min-available=N",
    examples="""
# Keep one pod always
knarr create poddisruptionbudget keep --selector=app=web --min-available=1 --dry-run=server
""",
    flags=(
        text("selector", help="A label selector of the pods"),
        text("min-available", help="The number or percentage of pods that must be available"),
        text("max-unavailable", help="The number or percentage of pods that may be missing"),
    ),
    failure="poddisruptionbudgets",
)
PRIORITY = generator(
    _priority,
    about="Create a priority class.",
    usage="priorityclass NAME --value=VALUE [--global-default=BOOL]",
    examples="""
# Create a priority class
knarr create priorityclass high --value=1000 --description=important --dry-run=server
""",
    flags=(
        number("value", help="The value of this priority class"),
        truth("global-default", help="Whether this is the default priority class"),
        text("description", help="What this priority class is for"),
        text("preemption-policy", default="PreemptLowerPriority", help="Whether pods make room"),
    ),
    required=("value",),
    failure="priorityclass",
)
