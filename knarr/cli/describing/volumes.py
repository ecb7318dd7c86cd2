"""Where volumes come from."""

from collections.abc import Callable
from typing import Any

from knarr.cli.describing.sheet import Sheet

Json = dict[str, Any]


def volume(sheet: Sheet, listed: Json, level: int) -> None:
    """The source of a volume, field by field."""
    for name, writer in _SOURCES.items():
        if listed.get(name) is not None:
            writer(sheet, listed[name], level)
            return
    source = next((key for key in listed if key != "name"), "")
    sheet.field("Type", source[:1].upper() + source[1:] or "<unknown>", level)
    for key, value in sorted((listed.get(source) or {}).items()):
        sheet.field(key[:1].upper() + key[1:], value, level)


def _truth(value: Any) -> str:
    return str(bool(value)).lower()


def _empty_dir(sheet: Sheet, source: Json, level: int) -> None:
    sheet.field("Type", "EmptyDir (a temporary directory that shares a pod's lifetime)", level)
    sheet.field("Medium", source.get("medium", ""), level)
    sheet.field("SizeLimit", source.get("sizeLimit") or "<unset>", level)


def _host_path(sheet: Sheet, source: Json, level: int) -> None:
    sheet.field("Type", "HostPath (bare host directory volume)", level)
    sheet.field("Path", source.get("path", ""), level)
    sheet.field("HostPathType", source.get("type", ""), level)


def _config_map(sheet: Sheet, source: Json, level: int) -> None:
    sheet.field("Type", "ConfigMap (a volume populated by a ConfigMap)", level)
    sheet.field("Name", source.get("name", ""), level)
    sheet.field("Optional", _truth(source.get("optional")), level)


def _secret(sheet: Sheet, source: Json, level: int) -> None:
    sheet.field("Type", "Secret (a volume populated by a Secret)", level)
    sheet.field("SecretName", source.get("secretName", ""), level)
    sheet.field("Optional", _truth(source.get("optional")), level)


def _claim(sheet: Sheet, source: Json, level: int) -> None:
    about = "a reference to a PersistentVolumeClaim in the same namespace"
    sheet.field("Type", f"PersistentVolumeClaim ({about})", level)
    sheet.field("ClaimName", source.get("claimName", ""), level)
    sheet.field("ReadOnly", _truth(source.get("readOnly")), level)


def _nfs(sheet: Sheet, source: Json, level: int) -> None:
    sheet.field("Type", "NFS (an NFS mount that lasts the lifetime of a pod)", level)
    sheet.field("Server", source.get("server", ""), level)
    sheet.field("Path", source.get("path", ""), level)
    sheet.field("ReadOnly", _truth(source.get("readOnly")), level)


def _local(sheet: Sheet, source: Json, level: int) -> None:
    sheet.field(
        "Type", "LocalVolume (a persistent volume backed by local storage on a node)", level
    )
    sheet.field("Path", source.get("path", ""), level)


def _downward(sheet: Sheet, source: Json, level: int) -> None:
    about = "a volume populated by information about the pod"
    sheet.field("Type", f"DownwardAPI ({about})", level)
    sheet.line("Items:", level)
    for item in source.get("items") or []:
        path = (item.get("fieldRef") or item.get("resourceFieldRef") or {}).get("fieldPath", "")
        sheet.line(f"{path} -> {item.get('path')}", level + 1)


def _projected(sheet: Sheet, source: Json, level: int) -> None:
    about = "a volume that contains injected data from multiple sources"
    sheet.field("Type", f"Projected ({about})", level)
    for one in source.get("sources") or []:
        if one.get("secret"):
            sheet.field("SecretName", one["secret"].get("name"), level)
            sheet.field("Optional", _truth(one["secret"].get("optional")), level)
        elif one.get("configMap"):
            sheet.field("ConfigMapName", one["configMap"].get("name"), level)
            sheet.field("Optional", _truth(one["configMap"].get("optional")), level)
        elif one.get("downwardAPI"):
            sheet.field("DownwardAPI", "true", level)
        elif one.get("serviceAccountToken"):
            seconds = one["serviceAccountToken"].get("expirationSeconds")
            sheet.field("TokenExpirationSeconds", seconds, level)


_SOURCES: dict[str, Callable[[Sheet, Json, int], None]] = {
    "emptyDir": _empty_dir,
    "hostPath": _host_path,
    "configMap": _config_map,
    "secret": _secret,
    "persistentVolumeClaim": _claim,
    "nfs": _nfs,
    "local": _local,
    "downwardAPI": _downward,
    "projected": _projected,
}
