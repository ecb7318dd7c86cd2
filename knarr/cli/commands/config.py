"""`config`: read and change kubeconfig files."""

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from knarr.cli.command import Command
from knarr.cli.config import config_paths
from knarr.cli.failures import CliError, PlainError, no_subcommand
from knarr.cli.flags import Arguments, Flag, array, pairs, text, truth, words
from knarr.cli.output.printer import PRINT_FLAGS, printer_of
from knarr.cli.output.table import columns_text
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.session import Session
from knarr.cli.yaml_reader import YamlTextError, read_yaml

Json = dict[str, Any]
Run = Callable[[Session, Arguments], int | None]

_PARTS = {"clusters": "cluster", "users": "user", "contexts": "context"}


def _paths(session: Session) -> list[Path]:
    return config_paths(session.arguments.text("kubeconfig"), os.environ)


def _path(session: Session, part: str = "", name: str = "") -> Path:
    """The file that is changed: the one that has the entry, else the first."""
    paths = _paths(session)
    for path in paths if part and len(paths) > 1 else ():
        if _named(_read(path), part, name) is not None:
            return path
    return paths[0]


def _path_of_current(session: Session) -> Path:
    """The file that says which context is the current one, else the first."""
    paths = _paths(session)
    return next((path for path in paths if _read(path)["current-context"]), paths[0])


def _merged(session: Session) -> Json:
    """All files as one; what stands in the first of them counts."""
    first, *others = [_read(path) for path in _paths(session)]
    for other in others:
        first["current-context"] = first["current-context"] or other["current-context"]
        for part in _PARTS:
            known = {one.get("name") for one in first[part]}
            first[part] = first[part] + [one for one in other[part] if one.get("name") not in known]
    return first


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
    config = _merged(session) if arguments.truth("merge") else _read(_path(session))
    if arguments.truth("minify"):
        _minify(session, config)
    if arguments.truth("flatten"):
        _flatten(session, config)
    if not arguments.truth("raw"):
        _hide(config)
    printer = printer_of(arguments)
    session.write(printer(config) if printer is not None else yaml_text(config))
    return None


def _flatten(session: Session, config: Json) -> None:
    """Take the content of files into the kubeconfig."""
    folder = _path(session).parent
    for part, key in _PARTS.items():
        for one in config[part]:
            inner = one.get(key) or {}
            for name in ("certificate-authority", "client-certificate", "client-key"):
                if inner.get(name):
                    inner[f"{name}-data"] = _content(folder / str(inner.pop(name)), name)


def _content(path: Path, name: str) -> str:
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise CliError(f"could not read {name} {path}: {error.strerror}") from None


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
    config = _merged(session)
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
    name = _merged(session)["current-context"]
    if not name:
        raise CliError("current-context is not set")
    session.say(name)
    return None


def _use(session: Session, arguments: Arguments) -> int | None:
    name, path = _one(arguments, "use-context"), _path_of_current(session)
    config = _read(path)
    if _named(_merged(session), "contexts", name) is None:
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
    if arguments.truth("current"):
        name = _merged(session)["current-context"]
        if not name:
            raise CliError("no current context is set")
    else:
        name = _one(arguments, "set-context")
    path = _path(session, "contexts", name)
    config = _read(path)
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
    name = _one(arguments, "set-cluster")
    path = _path(session, "clusters", name)
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
    name = _one(arguments, "set-credentials")
    path = _path(session, "users", name)
    config = _read(path)
    values: Json = {
        flag: arguments.text(flag)
        for flag in ("token", "username", "password")
        if flag in arguments.given
    }
    _file(arguments, "client-certificate", values)
    _file(arguments, "client-key", values)
    known = (_named(config, "users", name) or {}).get("user") or {}
    if any(one.startswith("exec-") for one in arguments.given):
        values["exec"] = _exec(arguments, known.get("exec") or {})
    if arguments.list("auth-provider-arg") or arguments.text("auth-provider"):
        raise CliError("auth providers are no longer; use --exec-command")
    _put(config, "users", name, values)
    _write(path, config)
    session.say(f'User "{name}" set.')
    return None


def _file(arguments: Arguments, flag: str, values: Json) -> None:
    if flag not in arguments.given:
        return
    file = Path(arguments.text(flag))
    if arguments.truth("embed-certs"):
        values[f"{flag}-data"] = _content(file, flag)
    else:
        values[flag] = str(file.absolute())


def _exec(arguments: Arguments, known: Json) -> Json:
    """The program that a kubeconfig asks for credentials, as the flags change it."""
    found = {"interactiveMode": "IfAvailable", "provideClusterInfo": False, **known}
    for flag, key in (("exec-command", "command"), ("exec-api-version", "apiVersion"),
                      ("exec-interactive-mode", "interactiveMode")):  # fmt: skip
        if flag in arguments.given:
            found[key] = arguments.text(flag)
    if "exec-provide-cluster-info" in arguments.given:
        found["provideClusterInfo"] = arguments.truth("exec-provide-cluster-info")
    if "exec-arg" in arguments.given:
        found["args"] = arguments.list("exec-arg")
    if "exec-env" in arguments.given:
        variables = pairs(arguments.list("exec-env"))
        found["env"] = [{"name": name, "value": value} for name, value in variables.items()]
    return found


def _deleting(part: str, word: str) -> Run:
    def run(session: Session, arguments: Arguments) -> int | None:
        name = _one(arguments, f"delete-{word}")
        path = _path(session, part, name)
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
    path = _path(session, "contexts", old)
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
        for one in sorted(_merged(session)[part], key=lambda entry: str(entry.get("name"))):
            session.say(one["name"])
        return None

    return run


def _set(session: Session, arguments: Arguments) -> int | None:
    if len(arguments.words) != 2:
        raise CliError("set needs a property's name and its value")
    value = arguments.words[1]
    if arguments.truth("set-raw-bytes"):
        value = base64.b64encode(value.encode()).decode()
    _change(session, arguments.words[0], value)
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
    parts = [name for name in COMMANDS if name]
    raise no_subcommand(f"{session.program} config", parts, arguments.words)


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
        "view", "Show the merged kubeconfig.", "", _view, *PRINT_FLAGS,
        truth("merge", default=True, help="Merge all files of KUBECONFIG"),
        truth("minify", help="Only what the current context needs"),
        truth("raw", help="Show secrets and certificates"),
        truth("flatten", help="Take in what lies in files of its own"),
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
        _EMBED, text("auth-provider", help="Refused: use --exec-command"),
        array("auth-provider-arg", help="Refused: use --exec-command"),
        text("exec-command", help="A program that answers credentials"),
        text("exec-api-version", help="The version of what that program answers"),
        words("exec-arg", help="Arguments of that program"),
        array("exec-env", help="A variable of that program, NAME=VALUE"),
        text("exec-interactive-mode", help="Whether that program may ask the user"),
        truth("exec-provide-cluster-info", help="Tell that program about the cluster"),
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
    "set": _part("set", "Set a property.", "contexts.other.namespace default", _set,
        truth("set-raw-bytes", help="The value is to be encoded first"),
    ),
    "unset": _part("unset", "Remove a property.", "contexts.other.namespace", _unset),
}  # fmt: skip
