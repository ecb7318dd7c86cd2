"""Rules for how a pod finds names: policy, resolver settings, aliases of hosts."""

from collections.abc import Iterator

from knarr.api import names
from knarr.api.core.pod import HostAlias, PodDNSConfig
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    invalid,
    not_supported,
    required,
)

NAMESERVERS_MAX = 3
SEARCHES_MAX = 32
SEARCH_CHARACTERS_MAX = 2048

_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")


def validate_dns_policy(policy: str, path: str) -> Iterator[FieldError]:
    """Whom the pod asks."""
    if not policy:
        yield required(path)
    elif policy not in _POLICIES:
        yield not_supported(path, policy, _POLICIES, in_order=True)


def validate_dns_config(
    config: PodDNSConfig | None, policy: str, path: str
) -> Iterator[FieldError]:
    """The resolver's settings."""
    if policy == "None":
        if config is None:
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
        elif not config.nameservers:
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{path}.nameservers", detail)
    if config is None:
        return
    yield from _validate_nameservers(config.nameservers, f"{path}.nameservers")
    yield from _validate_searches(config.searches, f"{path}.searches")
    for i, option in enumerate(config.options):
        if not option.name:
            yield required(f"{path}.options[{i}]", "must not be empty")


def _validate_nameservers(nameservers: tuple[str, ...], path: str) -> Iterator[FieldError]:
    if len(nameservers) > NAMESERVERS_MAX:
        detail = f"must not have more than {NAMESERVERS_MAX} nameservers"
        yield invalid(path, nameservers, detail)
    for i, address in enumerate(nameservers):
        yield from broken_names(f"{path}[{i}]", address, names.ip_address(address))


def _validate_searches(searches: tuple[str, ...], path: str) -> Iterator[FieldError]:
    if len(searches) > SEARCHES_MAX:
        yield invalid(path, searches, f"must not have more than {SEARCHES_MAX} search paths")
    if len(" ".join(searches)) > SEARCH_CHARACTERS_MAX:
        detail = (
            f"must not have more than {SEARCH_CHARACTERS_MAX} characters (including spaces) "
            "in the search list"
        )
        yield invalid(path, searches, detail)
    for i, search in enumerate(searches):
        if search != ".":
            broken = names.dns_subdomain_with_underscores(search.removesuffix("."))
            yield from broken_names(f"{path}[{i}]", search, broken)


def validate_host_aliases(aliases: tuple[HostAlias, ...], path: str) -> Iterator[FieldError]:
    """Lines of the hosts file."""
    for i, alias in enumerate(aliases):
        yield from broken_names(f"{path}[{i}].ip", alias.ip, names.ip_address(alias.ip))
        for j, hostname in enumerate(alias.hostnames):
            yield from broken_names(
                f"{path}[{i}].hostnames[{j}]", hostname, names.dns_subdomain(hostname)
            )
