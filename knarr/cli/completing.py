"""What the last word of a command line may become: commands, flags, their values, live names."""

from collections.abc import Callable, Sequence

from knarr.cli.command_table import PARTS, TABLE
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, Flag, parse
from knarr.cli.main import load, split_command
from knarr.cli.pods_of import container_names
from knarr.cli.session import GLOBAL_FLAGS, Session
from knarr.client.dynamic import StatusError, UnreachableError

_PODS = ("logs", "exec", "attach", "port-forward", "cp", "debug", "top pod")
_NODES = ("cordon", "uncordon", "drain", "top node")
_WORKLOADS = ("deployments", "statefulsets", "daemonsets")
_SCALED = ("deployments", "statefulsets", "replicasets", "replicationcontrollers")
_KINDS_OF = {
    "rollout": _WORKLOADS, "scale": _SCALED, "autoscale": _SCALED, "expose": _SCALED,
    "certificate": ("certificatesigningrequests",),
}  # fmt: skip
"""Commands that are about a few kinds only."""

_FORMATS = ("json", "yaml", "name", "wide", "jsonpath=", "custom-columns=", "go-template=")
_CHOICES = {
    "output": _FORMATS,
    "dry-run": ("none", "client", "server"),
    "cascade": ("background", "foreground", "orphan"),
    "type": ("strategic", "merge", "json"),
    "restart": ("Always", "OnFailure", "Never"),
    "profile": ("general", "baseline", "restricted", "netadmin", "sysadmin", "legacy"),
}


_BREAKS = ("=", ":")


def candidates(session: Session, line: Sequence[str]) -> list[str]:
    """What the last word of a line may become; nothing where that cannot be known."""
    *before, last = line
    command, rest = split_command(before)
    if not command and not (rest and rest[-1].startswith("-")):
        if last.startswith("-"):
            return _starting(last, [f"--{flag.name}" for flag in GLOBAL_FLAGS])
        return _starting(last, sorted([*TABLE, *session.launcher]))
    if command.partition(" ")[0] not in TABLE and command:
        return []
    flags = (*GLOBAL_FLAGS, *(load(command).flags if command else ()))
    line_so_far = _Line(session, command, rest, flags)
    try:
        return _after(line_so_far, last)
    except (CliError, StatusError, UnreachableError):
        return []
    finally:
        line_so_far.session.close()


def bash_candidates(session: Session, line: Sequence[str]) -> list[str]:
    """The same for bash, which breaks words at `=` and `:` and wants only what follows them."""
    words: list[str] = []
    joins = False
    for word in line:
        if word in _BREAKS and words:
            words[-1] += word
            joins = True
        elif joins:
            words[-1] += word
            joins = False
        else:
            words.append(word)
    kept = max(words[-1].rfind(sign) for sign in _BREAKS) + 1
    return [one[kept:] for one in candidates(session, words)]


class _Line:
    """A line that is not complete yet: its command, and what was said so far."""

    def __init__(
        self, session: Session, command: str, rest: list[str], flags: Sequence[Flag]
    ) -> None:
        self.command = command
        self.rest = rest
        self.flags = flags
        self.open_flag = self._open()
        self.given = self._read(rest[:-1] if self.open_flag else rest)
        self.session = Session(self.given, program=session.program)

    def _open(self) -> Flag | None:
        """The flag at the end that waits for its value."""
        last = self.rest[-1] if self.rest else ""
        if not last.startswith("-") or "=" in last:
            return None
        found = flag_of(self.flags, last)
        return found if found is not None and found.without_value is None else None

    def _read(self, words: list[str]) -> Arguments:
        try:
            return parse(words, self.flags, self.command)
        except CliError:
            return parse([], self.flags, self.command)


def flag_of(flags: Sequence[Flag], word: str) -> Flag | None:
    """The flag that a word names: `--output`, `-o`."""
    if word.startswith("--"):
        return next((one for one in flags if f"--{one.name}" == word.partition("=")[0]), None)
    return next((one for one in flags if one.short and word.endswith(one.short)), None)


def _after(line: _Line, last: str) -> list[str]:
    if line.open_flag is not None:
        return _starting(last, _values(line, line.open_flag))
    if last.startswith("--") and "=" in last:
        flag, (head, _, start) = flag_of(line.flags, last), last.partition("=")
        values = _values(line, flag) if flag is not None else []
        return [f"{head}={one}" for one in _starting(start, values)]
    if last.startswith("-"):
        return _starting(last, sorted({f"--{one.name}" for one in line.flags}))
    parts = PARTS.get(line.command, {})
    if parts and not line.given.words:
        found = _starting(last, list(parts))
        if found:
            return found
    return _words(line, last)


def _values(line: _Line, flag: Flag) -> list[str]:
    """What a flag may be set to."""
    asked: dict[str, Callable[[], list[str]]] = {
        "namespace": lambda: _names(line, "namespaces"),
        "context": lambda: sorted(line.session.config.contexts),
        "cluster": lambda: sorted(line.session.config.clusters),
        "user": lambda: sorted(line.session.config.users),
        "container": lambda: _containers(line),
    }
    if flag.name in asked:
        return asked[flag.name]()
    return list(_CHOICES.get(flag.name, ()))


def _containers(line: _Line) -> list[str]:
    if not line.given.words:
        return []
    kind, name = line.session.resources.find("pods"), line.given.words[0].rpartition("/")[2]
    return container_names(line.session.client.get(kind, line.session.namespace, name))


def _words(line: _Line, last: str) -> list[str]:
    """Objects, by what the command is about."""
    command, words = line.command, line.given.words
    if command.startswith("config "):
        known = line.session.config.contexts if "context" in command else {}
        return _starting(last, sorted(known)) if not words else []
    if "/" in last:
        word, _, start = last.partition("/")
        return [f"{word}/{one}" for one in _starting(start, _names(line, word))]
    if command in _PODS:
        return _starting(last, _names(line, "pods")) if not words else []
    if command in _NODES:
        return _starting(last, _names(line, "nodes"))
    if words and "/" not in words[0]:
        return _starting(last, [one for one in _names(line, words[0]) if one not in words])
    few = _KINDS_OF.get(command.partition(" ")[0])
    kinds = list(few) if few else [kind.plural for kind in line.session.resources.all()]
    return _starting(last, sorted(set(kinds)))


def _names(line: _Line, word: str) -> list[str]:
    kind = line.session.resources.find(word)
    namespace = "" if line.given.values.get("all-namespaces") else line.session.namespace
    page = line.session.client.list(kind, namespace, form="PartialObjectMetadata")
    return [str(one["metadata"]["name"]) for one in page.objects]


def _starting(start: str, words: Sequence[str]) -> list[str]:
    return [one for one in words if one.startswith(start)]
