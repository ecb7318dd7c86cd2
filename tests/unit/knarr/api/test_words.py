"""Columns, old versions and conditions."""

from datetime import UTC, datetime

from knarr.api import conditions
from knarr.api.aliases import alias_of, converted, deprecation
from knarr.api.apps.deployment import DeploymentCondition
from knarr.api.columns import columns
from knarr.api.core.pod import Pod
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.kinds import BUILT_IN

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ONE = datetime(2024, 5, 1, 13, tzinfo=UTC)


def test_columns_say_what_only_wide_shows() -> None:
    shown = [column.name for column in columns(kind_of(Pod)) if column.priority == 0]
    assert shown == ["Name", "Ready", "Status", "Restarts", "Age"]
    assert [column.name for column in columns(Kind("x.y", "v1", "things", "Thing", ""))] == [
        "Name",
        "Age",
    ]


def test_every_listed_kind_has_columns() -> None:
    for kind in BUILT_IN:
        if "list" in kind.verbs:
            assert columns(kind)[0].name in ("Name", "Last Seen"), kind


def test_an_old_cron_job_is_stored_as_it_is() -> None:
    alias = alias_of("batch", "v1beta1", "CronJob")
    assert alias is not None
    assert alias.warning == (
        "batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob"
    )
    assert converted(alias, {"apiVersion": "batch/v1beta1"}) == {"apiVersion": "batch/v1"}
    assert alias_of("batch", "v1", "CronJob") is None


def test_an_old_ingress_is_rewritten() -> None:
    alias = alias_of("extensions", "v1beta1", "Ingress")
    assert alias is not None
    path = {"path": "/", "backend": {"serviceName": "web", "servicePort": 80}}
    old = {"spec": {"rules": [{"http": {"paths": [path]}}]}}
    assert converted(alias, old)["spec"]["rules"][0]["http"]["paths"] == [
        {
            "pathType": "ImplementationSpecific",
            "path": "/",
            "backend": {"service": {"name": "web", "port": {"number": 80}}},
        }
    ]


def test_an_old_deployment_selects_its_own_pods() -> None:
    alias = alias_of("extensions", "v1beta1", "Deployment")
    assert alias is not None
    old = {"spec": {"template": {"metadata": {"labels": {"app": "web"}}}}}
    assert converted(alias, old)["spec"]["selector"] == {"matchLabels": {"app": "web"}}


def test_aging_kinds_warn() -> None:
    assert deprecation("", "v1", "Endpoints") is not None
    assert deprecation("", "v1", "Pod") is None


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    first = conditions.set_condition(
        (), DeploymentCondition(type="Available", status="True", reason="a"), NOON
    )
    again = conditions.set_condition(
        first, DeploymentCondition(type="Available", status="True", reason="a"), ONE
    )
    assert again[0] is first[0]
    other = conditions.set_condition(
        again, DeploymentCondition(type="Available", status="True", reason="b"), ONE
    )
    assert other[0].last_transition_time == "2024-05-01T12:00:00Z"
    changed = conditions.set_condition(
        other, DeploymentCondition(type="Available", status="False", reason="b"), ONE
    )
    assert changed[0].last_transition_time == "2024-05-01T13:00:00Z"
    assert not conditions.is_true(changed, "Available")
    assert conditions.remove(changed, "Available") == ()
