"""`config`: read and change kubeconfig files."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from knarr.cli.command import Command
from knarr.cli.config import config_paths
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments, Flag, array, text, truth
from knarr.cli.output.json_text import json_text
from knarr.cli.output.table import columns_text
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.session import Session
from knarr.cli.yaml_reader import YamlTextError, read_yaml

Json = dict[str, Any]
Run = Callable[[Session, Arguments], int | None]

_PARTS = {"clusters": "cluster", "users": "user", "contexts": "context"}


def _path(session: Session) -> Path:
    """The file that is changed."""
    return config_paths(session.arguments.text("kubeconfig"), os.environ)[0]


def _read(path: Path) -> Json:
    found: Json = {"apiVersion": "v1", "kind": "Config", "preferences": {}}
    try:
        text_of_it = path.read_text() if path.exists() else ""
        document = next(read_yaml(text_of_it), None) if text_of_it.strip() else None
    except (OSError, YamlTextError) as error:
        raise CliError(f'error loading config file "{path}": {error}') from None
    if isinstance(document, dict):
        found |= document
    for part in _PARTS:
        found[part] = found.get(part) or []
    found.setdefault("current-context", "")
    return found


def _write(path: Path, config: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(yaml_text(config))
    fresh.rename(path)


def _named(config: Json, part: str, name: str) -> Json | None:
    found = [one for one in config[part] if one.get("name") == name]
    return found[0] if found else None


def _view(session: Session, arguments: Arguments) -> int | None:
    config = _read(_path(session))
    if arguments.truth("minify"):
        _minify(session, config)
    if not arguments.truth("raw"):
        _hide(config)
    output = arguments.text("output")
    if output.startswith("jsonpath"):
        from knarr.cli.output.jsonpath import JsonPath  # noqa: PLC0415

        session.write(JsonPath(output.partition("=")[2]).text(config))
    else:
        session.write(json_text(config) if output == "json" else yaml_text(config))
    return None


def _hide(config: Json) -> None:
    """Leave out secrets and certificates."""
    for part, key in _PARTS.items():
        for one in config[part]:
            inner = one.get(key) or {}
            hidden = {name: "DATA+OMITTED" for name in inner if name.endswith("-data")}
            hidden |= {name: "REDACTED" for name in ("token", "password") if inner.get(name)}
            one[key] = {**inner, **hidden}


def _minify(session: Session, config: Json) -> None:
    name = session.target.context
    context = (_named(config, "contexts", name) or {}).get("context") or {}
    for part, wanted in (
        ("contexts", name),
        ("clusters", context.get("cluster")),
        ("users", context.get("user")),
    ):
        config[part] = [one for one in config[part] if one.get("name") == wanted]


def _get_contexts(session: Session, arguments: Arguments) -> int | None:
    config = _read(_path(session))
    wanted = arguments.words
    for name in wanted:
        if _named(config, "contexts", name) is None:
            raise PlainError(f"error: context {name} not found")
    names = sorted(wanted or [one["name"] for one in config["contexts"]])
    if arguments.text("output") == "name":
        for name in names:
            session.say(name)
        return None
    rows = []
    for name in names:
        context = (_named(config, "contexts", name) or {}).get("context") or {}
        rows.append(
            [
                "*" if name == config["current-context"] else "",
                name,
                context.get("cluster", ""),
                context.get("user", ""),
                context.get("namespace", ""),
            ]
        )
    if not arguments.truth("no-headers"):
        rows.insert(0, ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"])
    session.write(columns_text(rows))
    return None


def _current(session: Session, arguments: Arguments) -> int | None:
    name = _read(_path(session))["current-context"]
    if not name:
        raise CliError("current-context is not set")
    session.say(name)
    return None


def _use(session: Session, arguments: Arguments) -> int | None:
    name, path = _one(arguments, "use-context"), _path(session)
    config = _read(path)
    if _named(config, "contexts", name) is None:
        raise CliError(f'no context exists with the name: "{name}"')
    config["current-context"] = name
    _write(path, config)
    session.say(f'Switched to context "{name}".')
    return None


def _one(arguments: Arguments, command: str) -> str:
    if len(arguments.words) != 1:
        raise CliError(f"{command} needs exactly one name")
    return arguments.words[0]


def _put(config: Json, part: str, name: str, values: Json) -> bool:
    """Set values of an entry; answer whether it was there."""
    found = _named(config, part, name)
    key = _PARTS[part]
    if found is None:
        config[part].append({"name": name, key: values})
        return False
    found[key] = {**(found.get(key) or {}), **values}
    return True


def _set_context(session: Session, arguments: Arguments) -> int | None:
    path = _path(session)
    config = _read(path)
    if arguments.truth("current"):
        name = config["current-context"]
        if not name:
            raise CliError("no current context is set")
    else:
        name = _one(arguments, "set-context")
    values: Json = {
        key: arguments.text(key)
        for key in ("cluster", "user", "namespace")
        if key in arguments.given
    }
    existed = _put(config, "contexts", name, values)
    _write(path, config)
    session.say(f'Context "{name}" {"modified" if existed else "created"}.')
    return None


def _set_cluster(session: Session, arguments: Arguments) -> int | None:
    name, path = _one(arguments, "set-cluster"), _path(session)
    config = _read(path)
    values: Json = {}
    for flag in ("server", "tls-server-name", "proxy-url"):
        if flag in arguments.given:
            values[flag] = arguments.text(flag)
    if "insecure-skip-tls-verify" in arguments.given:
        values["insecure-skip-tls-verify"] = arguments.truth("insecure-skip-tls-verify")
    _file(arguments, "certificate-authority", values)
    _put(config, "clusters", name, values)
    _write(path, config)
    session.say(f'Cluster "{name}" set.')
    return None


def _set_credentials(session: Session, arguments: Arguments) -> int | None:
    name, path = _one(arguments, "set-credentials"), _path(session)
    config = _read(path)
    values: Json = {
        flag: arguments.text(flag)
        for flag in ("token", "username", "password")
        if flag in arguments.given
    }
    _file(arguments, "client-certificate", values)
    _file(arguments, "client-key", values)
    _put(config, "users", name, values)
    _write(path, config)
    session.say(f'User "{name}" set.')
    return None


def _file(arguments: Arguments, flag: str, values: Json) -> None:
    if flag not in arguments.given:
        return
    file = Path(arguments.text(flag))
    if arguments.truth("embed-certs"):
        try:
            values[f"{flag}-data"] = base64.b64encode(file.read_bytes()).decode()
        except OSError as error:
            raise CliError(f"could not read {flag} {file}: {error.strerror}") from None
    else:
        values[flag] = str(file.absolute())


def _deleting(part: str, word: str) -> Run:
    def run(session: Session, arguments: Arguments) -> int | None:
        name, path = _one(arguments, f"delete-{word}"), _path(session)
        config = _read(path)
        if _named(config, part, name) is None:
            raise CliError(f"cannot delete {word} {name}, not in {path}")
        config[part] = [one for one in config[part] if one.get("name") != name]
        _write(path, config)
        session.say(f"deleted {word} {name} from {path}")
        return None

    return run


def _rename(session: Session, arguments: Arguments) -> int | None:
    if len(arguments.words) != 2:
        raise CliError("rename-context needs the old name and the new one")
    old, new = arguments.words
    path = _path(session)
    config = _read(path)
    found = _named(config, "contexts", old)
    if found is None:
        raise CliError(f'cannot rename the context "{old}", it\'s not in {path}')
    if _named(config, "contexts", new) is not None:
        raise CliError(f'cannot rename the context "{old}", "{new}" already exists in {path}')
    found["name"] = new
    if config["current-context"] == old:
        config["current-context"] = new
    _write(path, config)
    session.say(f'Context "{old}" renamed to "{new}".')
    return None


def _listing(part: str) -> Run:
    def run(session: Session, arguments: Arguments) -> int | None:
        session.say("NAME")
        for one in sorted(_read(_path(session))[part], key=lambda entry: str(entry.get("name"))):
            session.say(one["name"])
        return None

    return run


def _set(session: Session, arguments: Arguments) -> int | None:
    if len(arguments.words) != 2:
        raise CliError("set needs a property's name and its value")
    _change(session, arguments.words[0], arguments.words[1])
    session.say(f'Property "{arguments.words[0]}" set.')
    return None


def _unset(session: Session, arguments: Arguments) -> int | None:
    name = _one(arguments, "unset")
    _change(session, name, None)
    session.say(f'Property "{name}" unset.')
    return None


def _change(session: Session, name: str, value: str | None) -> None:
    path = _path(session)
    config = _read(path)
    first, *rest = name.split(".")
    if first in _PARTS and len(rest) >= 2:
        *middle, key = rest
        values: Json = {} if value is None else {key: value}
        _put(config, first, ".".join(middle), values)
        found = _named(config, first, ".".join(middle))
        if value is None and found is not None:
            found[_PARTS[first]].pop(key, None)
    elif first in _PARTS and rest and value is None:
        config[first] = [one for one in config[first] if one.get("name") != rest[0]]
    else:
        config[name] = value if value is not None else ""
    _write(path, config)


def _lead(session: Session, arguments: Arguments) -> int | None:
    raise PlainError(
        f"error: config needs a subcommand\nSee '{session.program} config -h' for help and examples"
    )


def _part(name: str, about: str, example: str, run: Run, *flags: Flag) -> Command:
    return Command(
        about=about,
        usage=f"config {name}",
        examples=f"\n# {about}\nknarr config {name}{' ' if example else ''}{example}\n",
        flags=flags,
        run=run,
    )


_OUTPUT = text("output", "o", help="Output format")
_EMBED = truth("embed-certs", help="Keep the file's content, not its path")

COMMANDS = {
    "": Command(
        about="Read and change kubeconfig files.",
        usage="config SUBCOMMAND",
        examples="\n# Show the kubeconfig\nknarr config view\n",
        run=_lead,
    ),
    "view": _part(
        "view", "Show the merged kubeconfig.", "", _view, _OUTPUT,
        truth("minify", help="Only what the current context needs"),
        truth("raw", help="Show secrets and certificates"),
        truth("flatten", help="Ignored"),
    ),
    "get-contexts": _part(
        "get-contexts", "List the contexts.", "", _get_contexts, _OUTPUT,
        truth("no-headers", help="Don't print headers"),
    ),
    "current-context": _part("current-context", "Print the current context.", "", _current),
    "use-context": _part("use-context", "Make a context the current one.", "knarr", _use),
    "set-context": _part(
        "set-context", "Change or add a context.", "--current --namespace=default", _set_context,
        truth("current", help="Modify the current context"),
    ),
    "set-cluster": _part(
        "set-cluster", "Change or add a cluster.", "other --server=https://127.0.0.1:6443",
        _set_cluster, _EMBED, text("proxy-url", help="A proxy for this cluster"),
    ),
    "set-credentials": _part(
        "set-credentials", "Change or add a user.", "other --token=secret", _set_credentials,
        _EMBED, array("auth-provider", help="Ignored"),
    ),
    "delete-context": _part(
        "delete-context", "Delete a context.", "other", _deleting("contexts", "context")
    ),
    "delete-cluster": _part(
        "delete-cluster", "Delete a cluster.", "other", _deleting("clusters", "cluster")
    ),
    "delete-user": _part("delete-user", "Delete a user.", "other", _deleting("users", "user")),
    "rename-context": _part("rename-context", "Rename a context.", "other another", _rename),
    "get-clusters": _part("get-clusters", "List the clusters.", "", _listing("clusters")),
    "get-users": _part("get-users", "List the users.", "", _listing("users")),
    "set": _part("set", "Set a property.", "contexts.other.namespace default", _set),
    "unset": _part("unset", "Remove a property.", "contexts.other.namespace", _unset),
}  # fmt: skip
