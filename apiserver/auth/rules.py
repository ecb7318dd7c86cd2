"""What a single RBAC rule allows, and what a set of rules covers. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from apiserver.auth.attributes import Attributes
from knarr.api.rbac.rules import PolicyRule


def allows(rule: PolicyRule, asked: Attributes) -> bool:
    """Whether a rule allows a request."""
    verbs = rule.verbs
    if asked.verb not in verbs and "*" not in verbs:
        return False
    if not asked.is_resource:
        return any(_path_fits(pattern, asked.path) for pattern in rule.non_resource_urls)
    groups = rule.api_groups
    if asked.group not in groups and "*" not in groups:
        return False
    if not _resource_fits(rule.resources, asked.resource, asked.subresource):
        return False
    return not rule.resource_names or asked.name in rule.resource_names


def _path_fits(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern.rstrip("*"))
    return pattern == path


def _resource_fits(resources: Sequence[str], resource: str, subresource: str) -> bool:
    if "*" in resources:
        return True
    if not subresource:
        return resource in resources
    return f"{resource}/{subresource}" in resources or f"*/{subresource}" in resources


def uncovered(owned: Sequence[PolicyRule], wanted: Iterable[PolicyRule]) -> list[PolicyRule]:
    """The parts of `wanted` that `owned` does not cover, each as small as can be."""
    return [
        part
        for rule in wanted
        for part in _parts(rule)
        if not any(_covers(mine, part) for mine in owned)
    ]


def _parts(rule: PolicyRule) -> Iterator[PolicyRule]:
    """A rule broken down into rules of one group, one resource, one name and one verb."""
    for group in rule.api_groups:
        for resource in rule.resources:
            for verb in rule.verbs:
                for name in rule.resource_names or ("",):
                    yield PolicyRule(
                        api_groups=(group,),
                        resources=(resource,),
                        verbs=(verb,),
                        resource_names=(name,) if name else (),
                    )
    for url in rule.non_resource_urls:
        for verb in rule.verbs:
            yield PolicyRule(non_resource_urls=(url,), verbs=(verb,))


def _covers(mine: PolicyRule, part: PolicyRule) -> bool:
    if part.verbs[0] not in mine.verbs and "*" not in mine.verbs:
        return False
    if part.non_resource_urls:
        wanted = part.non_resource_urls[0]
        return any(
            url == wanted or (url.endswith("*") and wanted.startswith(url.rstrip("*")))
            for url in mine.non_resource_urls
        )
    if part.api_groups[0] not in mine.api_groups and "*" not in mine.api_groups:
        return False
    resource, _, subresource = part.resources[0].partition("/")
    if not _resource_fits(mine.resources, resource, subresource):
        return False
    names = mine.resource_names
    return not names or (bool(part.resource_names) and part.resource_names[0] in names)


def compact(rules: Iterable[PolicyRule]) -> list[PolicyRule]:
    """Small rules put together: one rule a resource, with all its verbs."""
    found: dict[tuple[Sequence[str], ...], list[str]] = {}
    for rule in rules:
        key = (rule.api_groups, rule.resources, rule.resource_names, rule.non_resource_urls)
        verbs = found.setdefault(key, [])
        verbs += [verb for verb in rule.verbs if verb not in verbs]
    return [
        PolicyRule(
            api_groups=tuple(groups),
            resources=tuple(resources),
            resource_names=tuple(names),
            non_resource_urls=tuple(urls),
            verbs=tuple(verbs),
        )
        for (groups, resources, names, urls), verbs in found.items()
    ]


def shown(rule: PolicyRule) -> str:
    """A rule as refusals print it."""
    parts = [
        f"{name}:{_listed(values)}"
        for name, values in (
            ("APIGroups", rule.api_groups),
            ("Resources", rule.resources),
            ("NonResourceURLs", rule.non_resource_urls),
            ("ResourceNames", rule.resource_names),
            ("Verbs", rule.verbs),
        )
        if values
    ]
    return "{" + ", ".join(parts) + "}"


def _listed(values: Sequence[str]) -> str:
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
