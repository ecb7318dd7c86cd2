"""Descriptions of configuration, accounts, roles, quotas and storage."""

import base64
from collections.abc import Sequence
from typing import Any

from knarr.api import times
from knarr.cli.describing.sheet import NONE, About, Sheet, events, head, local_time

Json = dict[str, Any]


def config_map(sheet: Sheet, obj: Json, about: About) -> None:
    """A config map."""
    head(sheet, obj)
    sheet.line("\nData\n====")
    for key in sorted(obj.get("data") or {}):
        sheet.line(f"{key}:\n----\n{obj['data'][key]}\n")
    sheet.line("\nBinaryData\n====")
    for key in sorted(obj.get("binaryData") or {}):
        sheet.line(f"{key}: {len(base64.b64decode(obj['binaryData'][key]))} bytes")
    sheet.line("")
    events(sheet, about)


def secret(sheet: Sheet, obj: Json, about: About) -> None:
    """A secret, without what it hides."""
    head(sheet, obj)
    sheet.line(f"\nType:\t{obj.get('type', '')}")
    sheet.line("\nData\n====")
    for key in sorted(obj.get("data") or {}):
        value = base64.b64decode(obj["data"][key])
        if obj.get("type") == "kubernetes.io/service-account-token" and key == "token":
            sheet.field(key, value.decode())
        else:
            sheet.field(key, f"{len(value)} bytes")


def service_account(sheet: Sheet, obj: Json, about: About) -> None:
    """A service account."""
    head(sheet, obj)
    names = [one["name"] for one in obj.get("imagePullSecrets") or []]
    sheet.field("Image pull secrets", names[0] if names else NONE)
    for name in names[1:]:
        sheet.line(f"\t{name}")
    events(sheet, about)


def role(sheet: Sheet, obj: Json, about: About) -> None:
    """A role or a cluster role."""
    head(sheet, obj, namespaced=False)
    sheet.line("PolicyRule:")
    sheet.table(
        ("Resources", "Non-Resource URLs", "Resource Names", "Verbs"),
        _rule_rows(obj.get("rules") or []),
        1,
    )


def _rule_rows(rules: list[Json]) -> list[tuple[str, str, str, str]]:
    """A row for each resource; sorted by verbs, then group, then resource."""
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for rule in rules:
        names = f"[{' '.join(rule.get('resourceNames') or [])}]"
        verbs = rule.get("verbs") or []
        for group in rule.get("apiGroups") or [""]:
            for resource in rule.get("resources") or []:
                rows.setdefault((group, resource, "[]", names), []).extend(verbs)
        for url in rule.get("nonResourceURLs") or []:
            rows.setdefault(("", "", f"[{url}]", "[]"), []).extend(verbs)
    unique = {key: list(dict.fromkeys(verbs)) for key, verbs in rows.items()}
    order = sorted(unique, key=lambda key: (f"{unique[key]}", f"[{key[0]}]", f"[{key[1]}]", key[2]))
    return [
        (_with_group(group, resource), url, names, _bracketed(unique[group, resource, url, names]))
        for group, resource, url, names in order
    ]


def _bracketed(words: Sequence[str]) -> str:
    return f"[{' '.join(words)}]"


def _with_group(group: str, resource: str) -> str:
    plural, slash, rest = resource.partition("/")
    return f"{plural}.{group}{slash}{rest}" if group else resource


def role_binding(sheet: Sheet, obj: Json, about: About) -> None:
    """A role binding or a cluster role binding."""
    head(sheet, obj, namespaced=False)
    sheet.line("Role:")
    sheet.field("Kind", obj["roleRef"]["kind"], 1)
    sheet.field("Name", obj["roleRef"]["name"], 1)
    sheet.line("Subjects:")
    rows = [
        (one["kind"], one["name"], one.get("namespace", "")) for one in obj.get("subjects") or []
    ]
    sheet.table(("Kind", "Name", "Namespace"), rows, 1)


def quota_rows(obj: Json) -> list[tuple[str, str, str]]:
    """The resources of a quota: name, used, hard."""
    status = obj.get("status") or {}
    hard = status.get("hard") or {}
    return [(key, (status.get("used") or {}).get(key, "0"), hard[key]) for key in sorted(hard)]


def quota(sheet: Sheet, obj: Json, about: About) -> None:
    """A quota."""
    sheet.field("Name", obj["metadata"]["name"])
    sheet.field("Namespace", obj["metadata"]["namespace"])
    scopes = obj["spec"].get("scopes") or []
    if scopes:
        sheet.field("Scopes", ", ".join(sorted(scopes)))
    sheet.table(("Resource", "Used", "Hard"), quota_rows(obj))


LIMIT_HEADERS = (
    "Type",
    "Resource",
    "Min",
    "Max",
    "Default Request",
    "Default Limit",
    "Max Limit/Request Ratio",
)


def limit_rows(obj: Json) -> list[list[str]]:
    """The limits of a limit range, a resource a row."""
    rows = []
    for item in obj["spec"].get("limits") or []:
        keys = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")
        resources = sorted({name for key in keys for name in item.get(key) or {}})
        rows += [
            [item["type"], name, *((item.get(key) or {}).get(name, "-") for key in keys)]
            for name in resources
        ]
    return rows


def limit_range(sheet: Sheet, obj: Json, about: About) -> None:
    """A limit range."""
    sheet.field("Name", obj["metadata"]["name"])
    sheet.field("Namespace", obj["metadata"]["namespace"])
    sheet.table(LIMIT_HEADERS, limit_rows(obj))


def namespace(sheet: Sheet, obj: Json, about: About) -> None:
    """A namespace, with its quotas and limits."""
    head(sheet, obj, namespaced=False)
    sheet.field("Status", (obj.get("status") or {}).get("phase", ""))
    conditions = (obj.get("status") or {}).get("conditions") or []
    if conditions:
        sheet.line("Conditions:")
        keys = ("type", "status", "lastTransitionTime", "reason", "message")
        rows = [[str(one.get(key, "")) for key in keys] for one in conditions]
        sheet.table(("Type", "Status", "LastTransitionTime", "Reason", "Message"), rows, 1)
    client, resources = about.session.client, about.session.resources
    name = obj["metadata"]["name"]
    quotas = client.list(resources.find("resourcequotas"), name).objects
    sheet.line("")
    if not quotas:
        sheet.line("No resource quota.")
    else:
        sheet.line("Resource Quotas")
    for one in quotas:
        sheet.field("Name", one["metadata"]["name"], 1)
        sheet.line("Resource\tUsed\tHard", 1)
        sheet.line("--------\t---\t---", 1)
        for row in quota_rows(one):
            sheet.line("\t".join(row), 1)
    limits = client.list(resources.find("limitranges"), name).objects
    sheet.line("")
    if not limits:
        sheet.line("No LimitRange resource.")
        return
    sheet.line("Resource Limits")
    sheet.line(" " + "\t".join(LIMIT_HEADERS))
    sheet.line(" " + "\t".join("-" * len(one) for one in LIMIT_HEADERS))
    for one in limits:
        for cells in limit_rows(one):
            sheet.line(" " + "\t".join(cells))


def claim(sheet: Sheet, obj: Json, about: About) -> None:
    """A persistent volume claim."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    sheet.field("StorageClass", spec.get("storageClassName") or "")
    ending = meta.get("deletionTimestamp")
    phase = f"Terminating (lasts {about.age(ending)})" if ending else status.get("phase", "")
    sheet.field("Status", phase)
    sheet.field("Volume", spec.get("volumeName", ""))
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    sheet.field("Finalizers", f"[{' '.join(meta.get('finalizers') or [])}]")
    capacity, modes = "", ""
    if spec.get("volumeName"):
        capacity = (status.get("capacity") or {}).get("storage", "")
        modes = _modes(status.get("accessModes"))
    sheet.field("Capacity", capacity)
    sheet.field("Access Modes", modes)
    if spec.get("volumeMode"):
        sheet.field("VolumeMode", spec["volumeMode"])
    pods = about.session.client.list(about.session.resources.find("pods"), meta["namespace"])
    users = [
        one["metadata"]["name"]
        for one in pods.objects
        for volume in one["spec"].get("volumes") or []
        if (volume.get("persistentVolumeClaim") or {}).get("claimName") == meta["name"]
    ]
    sheet.field("Used By", users[0] if users else NONE)
    for user in users[1:]:
        sheet.line(f"\t{user}")
    events(sheet, about)


def _modes(modes: list[str] | None) -> str:
    short = {
        "ReadWriteOnce": "RWO",
        "ReadOnlyMany": "ROX",
        "ReadWriteMany": "RWX",
        "ReadWriteOncePod": "RWOP",
    }
    return ",".join(shown for mode, shown in short.items() if mode in (modes or ()))


def volume(sheet: Sheet, obj: Json, about: About) -> None:
    """A persistent volume."""
    from knarr.cli.describing.volumes import volume as source  # noqa: PLC0415

    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    head(sheet, obj, namespaced=False)
    sheet.field("Finalizers", f"[{' '.join(meta.get('finalizers') or [])}]")
    sheet.field("StorageClass", spec.get("storageClassName", ""))
    sheet.field("Status", status.get("phase", ""))
    claimed = spec.get("claimRef")
    sheet.field("Claim", f"{claimed['namespace']}/{claimed['name']}" if claimed else "")
    sheet.field("Reclaim Policy", spec.get("persistentVolumeReclaimPolicy", ""))
    sheet.field("Access Modes", _modes(spec.get("accessModes")))
    sheet.field("VolumeMode", spec.get("volumeMode", ""))
    sheet.field("Capacity", (spec.get("capacity") or {}).get("storage", ""))
    affinity = (spec.get("nodeAffinity") or {}).get("required")
    if not affinity:
        sheet.field("Node Affinity", NONE)
    else:
        sheet.line("Node Affinity:")
        sheet.line("Required Terms:", 1)
        for place, term in enumerate(affinity.get("nodeSelectorTerms") or []):
            texts = [
                f"{one['key']} {one['operator'].lower()} [{', '.join(one.get('values') or [])}]"
                for one in term.get("matchExpressions") or []
            ]
            sheet.field(f"Term {place}", ", ".join(texts), 2)
    sheet.field("Message", status.get("message", ""))
    sheet.line("Source:")
    source(sheet, spec, 2)
    events(sheet, about)


def budget(sheet: Sheet, obj: Json, about: About) -> None:
    """A pod disruption budget."""
    from knarr.cli.selectors_of import selector_text  # noqa: PLC0415

    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    if spec.get("minAvailable") is not None:
        sheet.field("Min available", spec["minAvailable"])
    elif spec.get("maxUnavailable") is not None:
        sheet.field("Max unavailable", spec["maxUnavailable"])
    sheet.field("Selector", selector_text(spec.get("selector")) or NONE)
    sheet.line("Status:")
    for title, key in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        sheet.field(title, status.get(key, 0), 2)
    events(sheet, about)


def storage_class(sheet: Sheet, obj: Json, about: About) -> None:
    """A storage class."""
    meta = obj["metadata"]
    sheet.field("Name", meta["name"])
    default = (meta.get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class")
    sheet.field("IsDefaultClass", "Yes" if default == "true" else "No")
    sheet.field("Annotations", _one_line(meta))
    sheet.field("Provisioner", obj.get("provisioner", ""))
    parameters = obj.get("parameters") or {}
    sheet.field("Parameters", ",".join(f"{k}={parameters[k]}" for k in sorted(parameters)) or NONE)
    expansion = obj.get("allowVolumeExpansion")
    sheet.field("AllowVolumeExpansion", "<unset>" if expansion is None else str(expansion))
    options = obj.get("mountOptions") or []
    if not options:
        sheet.field("MountOptions", NONE)
    else:
        sheet.line("MountOptions:")
        for one in options:
            sheet.line(one, 1)
    sheet.field("ReclaimPolicy", obj.get("reclaimPolicy", ""))
    sheet.field("VolumeBindingMode", obj.get("volumeBindingMode", ""))
    events(sheet, about)


def _one_line(meta: Json) -> str:
    """Annotations one behind the other, those of the command line too."""
    noted = meta.get("annotations") or {}
    return ",".join(f"{key}={noted[key]}" for key in sorted(noted)) or NONE


def priority_class(sheet: Sheet, obj: Json, about: About) -> None:
    """A priority class."""
    sheet.field("Name", obj["metadata"]["name"])
    sheet.field("Value", obj.get("value", 0))
    sheet.field("GlobalDefault", str(bool(obj.get("globalDefault"))).lower())
    sheet.field("PreemptionPolicy", obj.get("preemptionPolicy", ""))
    sheet.field("Description", obj.get("description", ""))
    sheet.field("Annotations", _one_line(obj["metadata"]))
    events(sheet, about)


def signing_request(sheet: Sheet, obj: Json, about: About) -> None:
    """A certificate signing request."""
    from knarr.cli.describing.certificates import subject  # noqa: PLC0415

    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.map("Labels", meta.get("labels"))
    sheet.field("Annotations", _one_line(meta))
    sheet.field("CreationTimestamp", local_time(meta.get("creationTimestamp")))
    sheet.field("Requesting User", spec.get("username", ""))
    if spec.get("signerName"):
        sheet.field("Signer", spec["signerName"])
    if spec.get("expirationSeconds"):
        sheet.field("Requested Duration", times.age(spec["expirationSeconds"]))
    sheet.field("Status", signing_state(status))
    subject(sheet, base64.b64decode(spec.get("request", "")))
    events(sheet, about)


def signing_state(status: Json) -> str:
    """Pending, Approved, Denied or Failed, and whether there is a certificate."""
    found = {one["type"] for one in status.get("conditions") or []}
    words = [word for word in ("Approved", "Denied") if word in found][-1:] or ["Pending"]
    words += ["Failed"] if "Failed" in found else []
    words += ["Issued"] if status.get("certificate") else []
    return ",".join(words)
