"""The strategies of all kinds outside core/v1, by group and kind."""

from collections.abc import Mapping
from typing import Any

from apiserver.strategies.apps.controller_revision import ControllerRevisionRules
from apiserver.strategies.apps.daemon_set import DaemonSetRules
from apiserver.strategies.apps.deployment import DeploymentRules
from apiserver.strategies.apps.replica_set import ReplicaSetRules
from apiserver.strategies.apps.stateful_set import StatefulSetRules
from apiserver.strategies.batch.cron_job import CronJobRules
from apiserver.strategies.batch.job import JobRules
from apiserver.strategies.strategy import Strategy

APPS = "apps"
BATCH = "batch"

NAMED_GROUPS: Mapping[tuple[str, str], Strategy[Any]] = {
    (APPS, "ControllerRevision"): ControllerRevisionRules(),
    (APPS, "DaemonSet"): DaemonSetRules(),
    (APPS, "Deployment"): DeploymentRules(),
    (APPS, "ReplicaSet"): ReplicaSetRules(),
    (APPS, "StatefulSet"): StatefulSetRules(),
    (BATCH, "CronJob"): CronJobRules(),
    (BATCH, "Job"): JobRules(),
}
"""Every version of a group shares one strategy unless its types differ."""
