"""`set`: images, variables, resources, accounts, selectors and subjects."""

import base64
from collections.abc import Callable
from typing import Any

from knarr.cli.changing import CHANGE_FLAGS, change_all, chosen, copied, pod_spec
from knarr.cli.command import Command
from knarr.cli.failures import CliError, no_subcommand, raise_all
from knarr.cli.flags import Arguments, Flag, array, pairs, text, truth, words
from knarr.cli.selecting import Found
from knarr.cli.session import Session

Json = dict[str, Any]


def _spec(found: Found, wanted: Json) -> Json:
    spec = pod_spec(wanted)
    if spec is None:
        raise CliError(f"{found.label} has no pod template")
    return spec


def _split(arguments: Arguments) -> tuple[list[str], list[str]]:
    """Words that name objects, and those that say what to set."""
    names: list[str] = []
    settings: list[str] = []
    for word in arguments.words:
        is_setting = "=" in word or (word.endswith("-") and bool(names) and word[0].isupper())
        if word.endswith("-") and names and ("/" in names[0] or len(names) > 1):
            is_setting = True
        (settings if is_setting else names).append(word)
    return names, settings


def _done(word: str) -> Callable[[Found, Json], str]:
    return lambda _found, _before: f"{word} updated"


def _image(session: Session, arguments: Arguments) -> int | None:
    names, settings = _split(arguments)
    images = pairs(settings)
    if not images:
        raise CliError("at least one image update is required")

    def change(found: Found) -> Json:
        wanted: Json = copied(found.object)
        spec = _spec(found, wanted)
        containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
        for name, image in images.items():
            meant = [one for one in containers if name in ("*", one["name"])]
            if not meant:
                raise CliError(f'unable to find container named "{name}"')
            for one in meant:
                one["image"] = image
        return wanted

    change_all(session, arguments, names, change, _done("image"))
    return None


def _env(session: Session, arguments: Arguments) -> int | None:
    names, settings = _split(arguments)
    settings += arguments.list("env")
    if arguments.truth("list"):
        return _list_env(session, arguments, names)
    source = _source_variables(session, arguments)
    if not settings and not source:
        raise CliError("at least one environment variable must be provided")

    def change(found: Found) -> Json:
        wanted: Json = copied(found.object)
        for container in _containers(_spec(found, wanted), arguments.text("containers")):
            known = {one["name"] for one in container.get("env") or []}
            again = [one for one in settings if one.partition("=")[0] in known and "=" in one]
            if again and not arguments.truth("overwrite"):
                name = again[0].partition("=")[0]
                raise CliError(f'"{name}" already has a value, and --overwrite is false')
            container["env"] = _changed_env(container.get("env") or [], settings, source)
            if not container["env"]:
                del container["env"]
        return wanted

    change_all(session, arguments, names, change, _done("env"))
    return None


def _containers(spec: Json, pattern: str) -> list[Json]:
    from fnmatch import fnmatch  # noqa: PLC0415

    listed = spec.get("containers") or []
    return [one for one in listed if fnmatch(one["name"], pattern or "*")]


def _changed_env(env: list[Json], settings: list[str], source: list[Json]) -> list[Json]:
    by_name = {one["name"]: one for one in env}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if equals:
            by_name[name] = {"name": name, "value": value}
        else:
            by_name.pop(setting.removesuffix("-"), None)
    by_name.update({one["name"]: one for one in source})
    return list(by_name.values())


def _source_variables(session: Session, arguments: Arguments) -> list[Json]:
    """Variables that take their values from a ConfigMap or a Secret."""
    if not arguments.text("from"):
        return []
    word, _, name = arguments.text("from").partition("/")
    kind = session.resources.find(word)
    reference = {"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"}.get(kind.name)
    if reference is None:
        raise CliError(f"unsupported resource specified in --from: {word}")
    data = session.client.get(kind, session.namespace, name).get("data") or {}
    keys = arguments.list("keys") or sorted(data)
    found = []
    for key in keys:
        if key not in data:
            continue
        variable = key.upper().replace(".", "_").replace("-", "_")
        if variable != key:
            session.tell(f"Warning: key {key} transferred to {variable}")
        source = {reference: {"key": key, "name": name}}
        found.append({"name": arguments.text("prefix") + variable, "valueFrom": source})
    return found


def _list_env(session: Session, arguments: Arguments, names: list[str]) -> int | None:
    found, errors = chosen(session, arguments, names)
    for one in found:
        spec = _spec(one, copied(one.object))
        for container in _containers(spec, arguments.text("containers")):
            session.say(f"# {one.kind.name} {one.name}, container {container['name']}")
            for variable in container.get("env") or []:
                session.say(_env_line(_resolved(session, arguments, variable)))
    raise_all(errors)
    return None


def _resolved(session: Session, arguments: Arguments, variable: Json) -> Json:
    """A variable with the value it refers to, where --resolve asks for that."""
    source = variable.get("valueFrom") or {}
    for key, word in (("configMapKeyRef", "configmaps"), ("secretKeyRef", "secrets")):
        reference = source.get(key)
        if reference and arguments.truth("resolve"):
            kind = session.resources.find(word)
            found = session.client.get(kind, session.namespace, reference["name"])
            value = str((found.get("data") or {}).get(reference["key"], ""))
            if word == "secrets":
                value = base64.b64decode(value).decode(errors="replace")
            return {"name": variable["name"], "value": value}
    return variable


def _env_line(variable: Json) -> str:
    source = variable.get("valueFrom")
    if not source:
        return f"{variable['name']}={variable.get('value', '')}"
    kind, reference = next(iter(source.items()))
    if kind in ("configMapKeyRef", "secretKeyRef"):
        word = "configmap" if kind.startswith("config") else "secret"
        return f"# {variable['name']} from {word} {reference['name']}, key {reference['key']}"
    field = reference.get("fieldPath") or reference.get("resource")
    return f"# {variable['name']} from field path {field}"


def _resources(session: Session, arguments: Arguments) -> int | None:
    amounts = {
        key: dict(pairs(arguments.text(key).split(",")))
        for key in ("limits", "requests")
        if arguments.text(key)
    }
    if not amounts:
        raise CliError(
            "you must specify an update to requests or limits (in the form of --requests/--limits)"
        )

    def change(found: Found) -> Json:
        wanted: Json = copied(found.object)
        pattern = arguments.text("containers")
        containers = _containers(_spec(found, wanted), pattern)
        if not containers:
            raise CliError(f'unable to find container named "{pattern}"')
        for container in containers:
            resources = container.setdefault("resources", {})
            for key, values in amounts.items():
                resources[key] = {**(resources.get(key) or {}), **values}
        return wanted

    change_all(session, arguments, arguments.words, change, _done("resource requirements"))
    return None


def _account(session: Session, arguments: Arguments) -> int | None:
    if len(arguments.words) < 2:
        raise CliError("serviceaccount is required")
    *names, account = arguments.words

    def change(found: Found) -> Json:
        wanted: Json = copied(found.object)
        _spec(found, wanted)["serviceAccountName"] = account
        _spec(found, wanted)["serviceAccount"] = account
        return wanted

    change_all(session, arguments, names, change, _done("serviceaccount"))
    return None


def _selector(session: Session, arguments: Arguments) -> int | None:
    names, settings = [], ""
    for word in arguments.words:
        if "=" in word:
            settings = word
        else:
            names.append(word)
    if not settings:
        raise CliError("one selector is required")
    labels = dict(pairs(settings.split(",")))

    def change(found: Found) -> Json:
        wanted: Json = copied(found.object)
        if found.kind.name != "Service":
            raise CliError(f"setting a selector is only supported for Services, not {found.label}")
        wanted["spec"]["selector"] = labels
        return wanted

    change_all(session, arguments, names, change, _done("selector"))
    return None


def _subject(session: Session, arguments: Arguments) -> int | None:
    added: list[Json] = [
        {"apiGroup": "rbac.authorization.k8s.io", "kind": word, "name": name}
        for word, flag in (("User", "user"), ("Group", "group"))
        for name in arguments.list(flag)
    ]
    for one in arguments.list("serviceaccount"):
        namespace, _, name = one.partition(":")
        added.append({"kind": "ServiceAccount", "name": name, "namespace": namespace})
    if not added:
        raise CliError("you must specify at least one value of user, group or serviceaccount")

    def change(found: Found) -> Json:
        wanted: Json = copied(found.object)
        subjects = wanted.setdefault("subjects", [])
        subjects += [one for one in added if one not in subjects]
        return wanted

    change_all(session, arguments, arguments.words, change, _done("subjects"))
    return None


def _lead(session: Session, arguments: Arguments) -> int | None:
    parts = ("image", "env", "resources", "serviceaccount", "selector", "subject")
    raise no_subcommand(f"{session.program} set", parts, arguments.words)


def _part(
    name: str,
    about: str,
    example: str,
    run: Callable[[Session, Arguments], int | None],
    *flags: Flag,
) -> Command:
    return Command(
        about=about,
        usage=f"set {name} (-f FILENAME | TYPE NAME) … [flags]",
        examples=f"\n# {about}\nknarr set {name} {example}\n",
        flags=(*CHANGE_FLAGS, *flags),
        run=run,
        manager="kubectl-set",
    )


_CONTAINERS = Flag("containers", "c", default="*", help="The names of containers to change")

COMMANDS = {
    "": Command(
        about="Set images, variables, resources, accounts, selectors and subjects.",
        usage="set SUBCOMMAND",
        examples="\n# Set an image\nknarr set image deployment/web web=web:2\n",
        run=_lead,
    ),
    "image": _part("image", "Set the image of a container.", "deployment/web web=web:2", _image),
    "env": _part(
        "env",
        "Set or remove (NAME-) variables of containers.",
        "deployment/web COLOUR=blue",
        _env,
        _CONTAINERS,
        array("env", "e", help="Specify a key-value pair for an environment variable"),
        text("from", help="The name of a resource from which to inject variables"),
        text("prefix", help="Prefix to append to variable names"),
        words("keys", help="Keys to import from the resource"),
        truth("list", help="Show the variables"),
        truth("resolve", help="With --list: show what variables refer to"),
        truth("overwrite", default=True, help="Replace variables that have a value"),
    ),
    "resources": _part(
        "resources",
        "Set what containers ask for and may use.",
        "deployment/web --limits=cpu=200m,memory=512Mi",
        _resources,
        _CONTAINERS,
        text("limits", help="The resource limits, such as cpu=200m,memory=512Mi"),
        text("requests", help="The resource requests, such as cpu=100m,memory=256Mi"),
    ),
    "serviceaccount": _part(
        "serviceaccount", "Set the account that pods run as.", "deployment/web robot", _account
    ),
    "selector": _part(
        "selector",
        "Set the selector of a service.",
        "service/web app=web",
        _selector,
        text("resource-version", help="Change only this version of the object"),
    ),
    "subject": _part(
        "subject",
        "Add subjects to a role binding.",
        "rolebinding/read --user=alice",
        _subject,
        array("user", help="Usernames to bind to the role"),
        array("group", help="Groups to bind to the role"),
        array("serviceaccount", help="Service accounts to bind to the role, namespace:name"),
    ),
}
