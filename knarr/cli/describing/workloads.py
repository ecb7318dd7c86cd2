"""Descriptions of what makes pods."""

from collections import Counter
from typing import Any

from knarr.cli.describing.sheet import NONE, UNSET, About, Sheet, events, head, local_time
from knarr.cli.describing.template import template
from knarr.cli.selecting import Found
from knarr.cli.selectors_of import selector_text
from knarr.client.dynamic import Selection

Json = dict[str, Any]

REVISION = "deployment.kubernetes.io/revision"


def controller_of(obj: Json) -> Json | None:
    """The owner that controls an object."""
    owners = obj["metadata"].get("ownerReferences") or []
    return next((one for one in owners if one.get("controller")), None)


def _list(about: About, word: str, obj: Json) -> list[Found]:
    """The objects of a kind that the object's selector finds, in its namespace."""
    selection = Selection(labels=selector_text((obj.get("spec") or {}).get("selector")))
    kind = about.session.resources.find(word)
    namespace = obj["metadata"].get("namespace", "")
    page = about.session.client.list(kind, namespace, selection)
    return [Found(kind, namespace, one["metadata"]["name"], one) for one in page.objects]


def owned(about: About, word: str, obj: Json) -> list[Json]:
    """Those of a kind that the object controls."""
    uid = obj["metadata"].get("uid")
    found = [one.object for one in _list(about, word, obj)]
    return [one for one in found if (controller_of(one) or {}).get("uid") == uid]


def _pods_status(sheet: Sheet, obj: Json, about: About) -> None:
    phases = Counter((one.get("status") or {}).get("phase") for one in owned(about, "pods", obj))
    sheet.field(
        "Pods Status",
        f"{phases['Running']} Running / {phases['Pending']} Waiting / "
        f"{phases['Succeeded']} Succeeded / {phases['Failed']} Failed",
    )


def deployment(sheet: Sheet, obj: Json, about: About) -> None:
    """A deployment."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    sheet.field("CreationTimestamp", local_time(meta.get("creationTimestamp")))
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    sheet.field("Selector", selector_text(spec.get("selector")) or NONE)
    counts = {
        key: status.get(f"{key}Replicas", 0) for key in ("updated", "available", "unavailable")
    }
    sheet.field(
        "Replicas",
        f"{spec.get('replicas', 0)} desired | {counts['updated']} updated | "
        f"{status.get('replicas', 0)} total | {counts['available']} available | "
        f"{counts['unavailable']} unavailable",
    )
    strategy = spec.get("strategy") or {}
    sheet.field("StrategyType", strategy.get("type", ""))
    sheet.field("MinReadySeconds", spec.get("minReadySeconds", 0))
    rolling = strategy.get("rollingUpdate")
    if rolling:
        sheet.field(
            "RollingUpdateStrategy",
            f"{rolling.get('maxUnavailable')} max unavailable, {rolling.get('maxSurge')} max surge",
        )
    template(sheet, spec.get("template") or {})
    _conditions(sheet, status)
    _replica_sets(sheet, obj, about)
    events(sheet, about)


def _conditions(sheet: Sheet, status: Json) -> None:
    listed = status.get("conditions") or []
    if not listed:
        return
    sheet.line("Conditions:")
    sheet.line("Type\tStatus\tReason", 1)
    sheet.line("----\t------\t------", 1)
    for one in listed:
        sheet.line(f"{one['type']} \t{one['status']}\t{one.get('reason', '')}", 1)


def _replica_sets(sheet: Sheet, obj: Json, about: About) -> None:
    current = _revision(obj)
    sets = owned(about, "replicasets", obj)
    new = [one for one in sets if _revision(one) == current]
    old = [one for one in sets if one not in new]
    sheet.field("OldReplicaSets", _sets_text(old))
    sheet.field("NewReplicaSet", _sets_text(new))


def _revision(obj: Json) -> str | None:
    return (obj["metadata"].get("annotations") or {}).get(REVISION)


def _sets_text(sets: list[Json]) -> str:
    texts = []
    for one in sets:
        wanted = (one.get("spec") or {}).get("replicas", 0)
        there = (one.get("status") or {}).get("replicas", 0)
        texts.append(f"{one['metadata']['name']} ({there}/{wanted} replicas created)")
    return ", ".join(texts) or NONE


def replica_set(sheet: Sheet, obj: Json, about: About) -> None:
    """A replica set or a replication controller."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    sheet.field("Selector", selector_text(spec.get("selector")) or NONE)
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    owner = controller_of(obj)
    if owner:
        sheet.field("Controlled By", f"{owner['kind']}/{owner['name']}")
    current, desired = status.get("replicas", 0), spec.get("replicas", 0)
    sheet.field("Replicas", f"{current} current / {desired} desired")
    _pods_status(sheet, obj, about)
    template(sheet, spec.get("template") or {})
    if status.get("conditions"):
        _conditions(sheet, status)
    events(sheet, about)


def stateful_set(sheet: Sheet, obj: Json, about: About) -> None:
    """A stateful set."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    sheet.field("CreationTimestamp", local_time(meta.get("creationTimestamp")))
    sheet.field("Selector", selector_text(spec.get("selector")) or NONE)
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    if spec.get("serviceName"):
        sheet.field("Service Name", spec["serviceName"])
    sheet.field("Pod Management Policy", spec.get("podManagementPolicy", ""))
    sheet.field(
        "Replicas", f"{spec.get('replicas', 0)} desired | {status.get('replicas', 0)} total"
    )
    strategy = spec.get("updateStrategy") or {}
    sheet.field("Update Strategy", strategy.get("type", ""))
    rolling = strategy.get("rollingUpdate") or {}
    if rolling.get("partition") is not None:
        sheet.field("Partition", rolling["partition"], 1)
    if rolling.get("maxUnavailable") is not None:
        sheet.field("MaxUnavailable", rolling["maxUnavailable"], 1)
    retention = spec.get("persistentVolumeClaimRetentionPolicy")
    if retention:
        sheet.line("Persistent Volume Claim Retention Policy:")
        sheet.field("WhenDeleted", retention.get("whenDeleted"), 1)
        sheet.field("WhenScaled", retention.get("whenScaled"), 1)
    _pods_status(sheet, obj, about)
    template(sheet, spec.get("template") or {})
    _claims(sheet, spec.get("volumeClaimTemplates") or [])
    events(sheet, about)


def _claims(sheet: Sheet, claims: list[Json]) -> None:
    if not claims:
        sheet.field("Volume Claims", NONE)
        return
    sheet.line("Volume Claims:")
    for one in claims:
        spec = one.get("spec") or {}
        sheet.field("Name", one["metadata"]["name"], 1)
        sheet.field("StorageClass", spec.get("storageClassName", ""), 1)
        sheet.map("Labels", one["metadata"].get("labels"), 1)
        sheet.map("Annotations", one["metadata"].get("annotations"), 1)
        requests = (spec.get("resources") or {}).get("requests") or {}
        sheet.field("Capacity", requests.get("storage", "<default>"), 1)
        sheet.field("Access Modes", f"[{' '.join(spec.get('accessModes') or [])}]", 1)


def daemon_set(sheet: Sheet, obj: Json, about: About) -> None:
    """A daemon set."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    sheet.field("Selector", selector_text(spec.get("selector")) or NONE)
    selector = ((spec.get("template") or {}).get("spec") or {}).get("nodeSelector")
    sheet.field("Node-Selector", selector_text(selector) or NONE)
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    for title, key in (
        ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
        ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
        ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
        ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
        ("Number of Nodes Misscheduled", "numberMisscheduled"),
    ):
        sheet.line(f"{title}: {status.get(key, 0)}")
    _pods_status(sheet, obj, about)
    template(sheet, spec.get("template") or {})
    events(sheet, about)


def job(sheet: Sheet, obj: Json, about: About) -> None:
    """A job."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    if spec.get("selector"):
        sheet.field("Selector", selector_text(spec["selector"]))
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    owner = controller_of(obj)
    if owner:
        sheet.field("Controlled By", f"{owner['kind']}/{owner['name']}")
    _job_spec(sheet, spec)
    _job_times(sheet, status)
    ready = f" ({status.get('ready', 0)} Ready)"
    sheet.field(
        "Pods Statuses",
        f"{status.get('active', 0)} Active{ready} / {status.get('succeeded', 0)} Succeeded / "
        f"{status.get('failed', 0)} Failed",
    )
    if status.get("completedIndexes") or spec.get("completionMode") == "Indexed":
        sheet.field("Completed Indexes", status.get("completedIndexes") or NONE)
    template(sheet, spec.get("template") or {})
    events(sheet, about)


def _job_spec(sheet: Sheet, spec: Json) -> None:
    if spec.get("parallelism") is not None:
        sheet.field("Parallelism", spec["parallelism"])
    completions = spec.get("completions")
    sheet.field("Completions", UNSET if completions is None else completions)
    if spec.get("completionMode"):
        sheet.field("Completion Mode", spec["completionMode"])
    if spec.get("suspend") is not None:
        sheet.field("Suspend", str(bool(spec["suspend"])).lower())
    if spec.get("backoffLimit") is not None:
        sheet.field("Backoff Limit", spec["backoffLimit"])
    if spec.get("activeDeadlineSeconds") is not None:
        sheet.field("Active Deadline Seconds", f"{spec['activeDeadlineSeconds']}s")
    if spec.get("ttlSecondsAfterFinished") is not None:
        sheet.field("TTL Seconds After Finished", spec["ttlSecondsAfterFinished"])


def _job_times(sheet: Sheet, status: Json) -> None:
    from knarr.api import times  # noqa: PLC0415

    began, ended = status.get("startTime"), status.get("completionTime")
    if began:
        sheet.field("Start Time", local_time(began))
    if ended:
        sheet.field("Completed At", local_time(ended))
    if began and ended:
        passed = times.seconds_between(began, times.parse(ended))
        sheet.field("Duration", times.age(passed))


def cron_job(sheet: Sheet, obj: Json, about: About) -> None:
    """A cron job."""
    spec, status = obj["spec"], obj.get("status") or {}
    head(sheet, obj)
    sheet.field("Schedule", spec.get("schedule", ""))
    sheet.field("Concurrency Policy", spec.get("concurrencyPolicy", ""))
    sheet.field("Suspend", str(bool(spec.get("suspend"))))
    sheet.field("Time Zone", spec.get("timeZone", UNSET))
    for title, key in (
        ("Successful Job History Limit", "successfulJobsHistoryLimit"),
        ("Failed Job History Limit", "failedJobsHistoryLimit"),
    ):
        sheet.field(title, spec.get(key, UNSET))
    deadline = spec.get("startingDeadlineSeconds")
    sheet.field("Starting Deadline Seconds", UNSET if deadline is None else f"{deadline}s")
    job_spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    sheet.field("Selector", selector_text(job_spec.get("selector")) or UNSET)
    sheet.field("Parallelism", job_spec.get("parallelism", UNSET))
    sheet.field("Completions", job_spec.get("completions", UNSET))
    template(sheet, job_spec.get("template") or {})
    sheet.field("Last Schedule Time", local_time(status.get("lastScheduleTime")))
    active = ", ".join(one.get("name", "") for one in status.get("active") or [])
    sheet.field("Active Jobs", active or NONE)
    events(sheet, about)


def pods_in(about: About, namespace: str, selection: Selection) -> list[Json]:
    """The pods that a selection finds."""
    kind = about.session.resources.find("pods")
    return about.session.client.list(kind, namespace, selection).objects
