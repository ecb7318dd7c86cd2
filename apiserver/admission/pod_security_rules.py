"""The Pod Security Standards: what `baseline` and `restricted` forbid, in Kubernetes' words."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from knarr.api.core.container import Container
from knarr.api.core.pod import PodSpec
from knarr.api.core.security import SecurityContext

BASELINE_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
        "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
"""What containers have anyway."""

_PLAIN_VOLUMES = frozenset(
    {
        "config_map", "csi", "downward_api", "empty_dir", "ephemeral", "image",
        "persistent_volume_claim", "projected", "secret", "name",
    }
)  # fmt: skip

Rule = Callable[[PodSpec], str]
_NOTHING = SecurityContext()


def broken(spec: PodSpec, level: str) -> list[str]:
    """What of a level a pod breaks; nothing breaks `privileged`."""
    if level == "privileged":
        return []
    rules = BASELINE if level == "baseline" else RESTRICTED
    return [told for rule in rules if (told := rule(spec))]


def _all(spec: PodSpec) -> Iterator[Container]:
    yield from spec.init_containers
    yield from spec.containers


def _context(container: Container) -> SecurityContext:
    return container.security_context or _NOTHING


def _named(containers: Iterable[Container]) -> str:
    names = [f'"{each.name}"' for each in containers]
    return f"container{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _capabilities(spec: PodSpec) -> str:
    who = [each for each in _all(spec) if _added(each, BASELINE_CAPABILITIES)]
    if not who:
        return ""
    return f"non-default capabilities ({_must_not_add(who, BASELINE_CAPABILITIES)})"


def _added(container: Container, allowed: frozenset[str]) -> list[str]:
    capabilities = _context(container).capabilities
    if capabilities is None:
        return []
    return [each for each in capabilities.add if each not in allowed]


def _must_not_add(who: Sequence[Container], allowed: frozenset[str]) -> str:
    what = sorted({f'"{each}"' for one in who for each in _added(one, allowed)})
    return f"{_named(who)} must not include {', '.join(what)} in securityContext.capabilities.add"


def _host_namespaces(spec: PodSpec) -> str:
    told = [
        f"{name}=true"
        for name, is_set in (
            ("hostNetwork", spec.host_network),
            ("hostPID", spec.host_pid),
            ("hostIPC", spec.host_ipc),
        )
        if is_set
    ]
    return f"host namespaces ({', '.join(told)})" if told else ""


def _host_paths(spec: PodSpec) -> str:
    told = [f'"{each.name}"' for each in spec.volumes if each.host_path is not None]
    what = "volumes" if len(told) > 1 else "volume"
    return f"hostPath volumes ({what} {', '.join(told)})" if told else ""


def _host_ports(spec: PodSpec) -> str:
    who = [each for each in _all(spec) if any(port.host_port for port in each.ports)]
    if not who:
        return ""
    ports = sorted({port.host_port for each in who for port in each.ports if port.host_port})
    what = "hostPorts" if len(ports) > 1 else "hostPort"
    use = "use" if len(who) > 1 else "uses"
    return f"hostPort ({_named(who)} {use} {what} {', '.join(map(str, ports))})"


def _privileged(spec: PodSpec) -> str:
    who = [each for each in _all(spec) if _context(each).privileged]
    return f"privileged ({_named(who)} must not set securityContext.privileged=true)" if who else ""


def _proc_mount(spec: PodSpec) -> str:
    who = [each for each in _all(spec) if _context(each).proc_mount not in (None, "Default")]
    if not who:
        return ""
    kinds = sorted({f'"{_context(each).proc_mount}"' for each in who})
    return f"procMount ({_named(who)} must not set securityContext.procMount to {', '.join(kinds)})"


def _escalation(spec: PodSpec) -> str:
    who = [each for each in _all(spec) if _context(each).allow_privilege_escalation is not False]
    if not who:
        return ""
    return (
        f"allowPrivilegeEscalation != false ({_named(who)} must set "
        "securityContext.allowPrivilegeEscalation=false)"
    )


def _only_bind(spec: PodSpec) -> str:
    allowed = frozenset({"NET_BIND_SERVICE"})
    keeping = []
    for each in _all(spec):
        capabilities = _context(each).capabilities
        if capabilities is None or "ALL" not in capabilities.drop:
            keeping.append(each)
    adding = [each for each in _all(spec) if _added(each, allowed)]
    told = []
    if keeping:
        told.append(f'{_named(keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adding:
        told.append(_must_not_add(adding, allowed))
    return f"unrestricted capabilities ({'; '.join(told)})" if told else ""


def _volume_types(spec: PodSpec) -> str:
    bad = {}
    for volume in spec.volumes:
        for field, wire in zip(
            volume.__struct_fields__, volume.__struct_encode_fields__, strict=True
        ):
            if field not in _PLAIN_VOLUMES and getattr(volume, field) is not None:
                bad[volume.name] = wire
    if not bad:
        return ""
    names = ", ".join(f'"{name}"' for name in bad)
    types = ", ".join(f'"{each}"' for each in sorted(set(bad.values())))
    volumes, use = ("volumes", "use") if len(bad) > 1 else ("volume", "uses")
    kinds = "types" if len(set(bad.values())) > 1 else "type"
    return f"restricted volume types ({volumes} {names} {use} restricted volume {kinds} {types})"


def _non_root(spec: PodSpec) -> str:
    whole = spec.security_context.run_as_non_root if spec.security_context else None
    refusing = [each for each in _all(spec) if _context(each).run_as_non_root is False]
    silent = [each for each in _all(spec) if _context(each).run_as_non_root is None]
    if refusing:
        return (
            f"runAsNonRoot != true ({_named(refusing)} must not set "
            "securityContext.runAsNonRoot=false)"
        )
    if not silent or whole:
        return ""
    if whole is False:
        return "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)"
    return (
        f"runAsNonRoot != true (pod or {_named(silent)} must set securityContext.runAsNonRoot=true)"
    )


def _root_user(spec: PodSpec) -> str:
    told = []
    if spec.security_context is not None and spec.security_context.run_as_user == 0:
        told.append("pod")
    who = [each for each in _all(spec) if _context(each).run_as_user == 0]
    if who:
        told.append(_named(who))
    return f"runAsUser=0 ({' and '.join(told)} must not set runAsUser=0)" if told else ""


def _seccomp(spec: PodSpec) -> str:
    """At `baseline` no one may be unconfined."""
    context = spec.security_context
    profile = context.seccomp_profile if context is not None else None
    told = ["pod"] if profile is not None and profile.type == "Unconfined" else []
    who = [each for each in _all(spec) if _profile(each) == "Unconfined"]
    if who:
        told.append(_named(who))
    if not told:
        return ""
    return (
        f"seccompProfile ({' and '.join(told)} must not set "
        'securityContext.seccompProfile.type to "Unconfined")'
    )


def _profile(container: Container) -> str:
    profile = _context(container).seccomp_profile
    return profile.type if profile is not None else ""


def _seccomp_set(spec: PodSpec) -> str:
    good = ("RuntimeDefault", "Localhost")
    context = spec.security_context
    whole = context.seccomp_profile.type if context and context.seccomp_profile else ""
    bad = [each for each in _all(spec) if _profile(each) and _profile(each) not in good]
    if bad:
        return (
            f"seccompProfile ({_named(bad)} must not set securityContext.seccompProfile.type to "
            f'"{_profile(bad[0])}")'
        )
    silent = [each for each in _all(spec) if not _profile(each)]
    if whole in good or not silent:
        return ""
    return (
        f"seccompProfile (pod or {_named(silent)} must set securityContext.seccompProfile.type to "
        '"RuntimeDefault" or "Localhost")'
    )


_BOTH: tuple[Rule, ...] = (_host_namespaces, _host_paths, _host_ports, _privileged, _proc_mount)

BASELINE: tuple[Rule, ...] = (_capabilities, *_BOTH, _seccomp)
"""What `baseline` looks at, in order."""

RESTRICTED: tuple[Rule, ...] = (
    *_BOTH,
    _escalation,
    _only_bind,
    _volume_types,
    _non_root,
    _root_user,
    _seccomp_set,
)
"""What `restricted` looks at, in order; its own rules take the place of the laxer ones."""
