"""Says what the server serves: group by group as of old, and all at once."""

import base64
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from apiserver.aggregation.extension import Extension
from apiserver.aggregation.extensions import Extensions
from knarr.api.kind import Kind, Subresource
from knarr.api.kind_table import KindTable

AGGREGATED_TYPE = "application/json;g=apidiscovery.k8s.io;v=%s;as=APIGroupDiscoveryList"

_STORED_VERSIONS = {"HorizontalPodAutoscaler": "v2", "CustomResourceDefinition": "v1beta1"}
"""Versions that the hash names instead of the one served, as in Kubernetes."""


class Discovery:
    """The discovery documents of a table of kinds, made anew when the table changed."""

    def __init__(self, kinds: KindTable, extensions: Extensions) -> None:
        self._kinds = kinds
        self._extensions = extensions
        self._made_at = (-1, -1)
        self._documents: dict[str, bytes] = {}

    def document(self, name: str) -> bytes | None:
        """The document at a path (or of aggregated discovery), None when there is none."""
        made_of = (self._kinds.changes, self._extensions.changes)
        if self._made_at != made_of:
            self._made_at = made_of
            self._documents = dict(_documents(self._kinds, self._extensions.table))
        return self._documents.get(name)


Groups = dict[str, dict[str, list[Kind]]]
"""Our kinds by group and version; of others' groups only that there are any."""


def _groups(kinds: KindTable, extensions: Mapping[str, Extension]) -> Groups:
    groups: Groups = {}
    for kind in kinds:
        if f"{kind.group}/{kind.version}" not in extensions:
            groups.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
    for versions in groups.values():
        for members in versions.values():
            members.sort(key=lambda kind: kind.plural)
    for extension in sorted(extensions.values(), key=_place):
        groups.setdefault(extension.spec.group, {})[extension.spec.version] = []
    return groups


def _documents(
    kinds: KindTable, extensions: Mapping[str, Extension]
) -> Iterable[tuple[str, bytes]]:
    groups = _groups(kinds, extensions)
    core, named = groups.pop("", {}), groups
    yield "/api", _json({"kind": "APIVersions", "versions": list(core), **_ADDRESSES})
    listed = [_group(name, versions) for name, versions in named.items()]
    yield "/apis", _json({"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})
    for version, members in core.items():
        yield f"/api/{version}", _json({"kind": "APIResourceList", **_resources(version, members)})
    for name, versions in named.items():
        yield (
            f"/apis/{name}",
            _json({"kind": "APIGroup", "apiVersion": "v1"} | _group(name, versions)),
        )
        for version, members in versions.items():
            head = {"kind": "APIResourceList", "apiVersion": "v1"}
            yield f"/apis/{name}/{version}", _json(head | _resources(f"{name}/{version}", members))
    for wanted in ("v2", "v2beta1"):
        yield f"/api {wanted}", _aggregated(wanted, {"": core}, {})
        yield f"/apis {wanted}", _aggregated(wanted, named, extensions)


def _place(extension: Extension) -> tuple[Any, ...]:
    """Sorts what must come first to the front."""
    spec = extension.spec
    return (-spec.group_priority_minimum, spec.group, -spec.version_priority, spec.version)


_ADDRESSES = {
    "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
}


def _json(document: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(document) + b"\n"


def _group(name: str, versions: Mapping[str, Any]) -> dict[str, Any]:
    found = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": found, "preferredVersion": found[0]}


def _resources(group_version: str, kinds: Iterable[Kind]) -> dict[str, Any]:
    found = []
    for kind in kinds:
        found.append(_resource(kind))
        found += [_subresource(kind, part) for part in kind.subresources]
    return {"groupVersion": group_version, "resources": found}


def _resource(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular or kind.name.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": kind.verbs,
    }
    if kind.short_names:
        found["shortNames"] = kind.short_names
    if kind.categories:
        found["categories"] = kind.categories
    if "watch" in kind.verbs:
        found["storageVersionHash"] = _storage_version_hash(kind)
    return found


def _storage_version_hash(kind: Kind) -> str:
    """Eight bytes that change when the kind is stored in another form."""
    group = "" if kind.name == "Event" else kind.group
    version = kind.stored_version or _STORED_VERSIONS.get(kind.name, kind.version)
    digest = sha256(f"{group}/{version}/{kind.name}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def _subresource(kind: Kind, part: Subresource) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": f"{kind.plural}/{part.name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": part.kind,
        "verbs": part.verbs,
    }
    if part.version:
        found |= {"group": part.group, "version": part.version}
    return found


def _aggregated(
    wanted: str,
    groups: Mapping[str, Mapping[str, list[Kind]]],
    extensions: Mapping[str, Extension],
) -> bytes:
    items = []
    for name, versions in groups.items():
        listed = []
        for version, kinds in versions.items():
            extension = extensions.get(f"{name}/{version}")
            if extension is None:
                found, fresh = [_discovered(kind) for kind in kinds], True
            else:
                found, fresh = _folded(extension), extension.available
            freshness = "Current" if fresh else "Stale"
            listed.append({"version": version, "resources": found, "freshness": freshness})
        items.append({"metadata": {"name": name} if name else {}, "versions": listed})
    return _json(
        {
            "kind": "APIGroupDiscoveryList",
            "apiVersion": f"apidiscovery.k8s.io/{wanted}",
            "metadata": {},
            "items": items,
        }
    )


def _folded(extension: Extension) -> list[dict[str, Any]]:
    """What an extension server lists, subresources below their resources."""
    found: dict[str, dict[str, Any]] = {}
    for each in extension.resources:
        name, slash, part = str(each.get("name", "")).partition("/")
        kind = {
            "group": each.get("group") or extension.spec.group,
            "version": each.get("version") or extension.spec.version,
            "kind": each.get("kind", ""),
        }
        said = {"responseKind": kind, "verbs": each.get("verbs") or []}
        if slash:
            parent = found.setdefault(name, {"resource": name})
            parent.setdefault("subresources", []).append({"subresource": part, **said})
            continue
        said["scope"] = "Namespaced" if each.get("namespaced") else "Cluster"
        said["singularResource"] = each.get("singularName") or str(kind["kind"]).lower()
        said |= {key: each[key] for key in ("shortNames", "categories") if each.get(key)}
        found[name] = {"resource": name, **found.get(name, {}), **said}
    return list(found.values())


def _response_kind(group: str, version: str, name: str) -> dict[str, str]:
    return {"group": group, "version": version, "kind": name}


def _discovered(kind: Kind) -> dict[str, Any]:
    # Empty group and version mean those of the surrounding list; custom resources spell them out.
    own = ("", "") if kind.type_path else (kind.group, kind.version)
    found: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": _response_kind(*own, kind.name),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular or kind.name.lower(),
        "verbs": kind.verbs,
    }
    if kind.short_names:
        found["shortNames"] = kind.short_names
    if kind.categories:
        found["categories"] = kind.categories
    if kind.subresources:
        found["subresources"] = [
            {
                "subresource": part.name,
                "responseKind": _response_kind(
                    *((part.group, part.version) if part.version else own), part.kind
                ),
                "verbs": part.verbs,
            }
            for part in kind.subresources
        ]
    return found
