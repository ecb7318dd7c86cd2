"""Keeps an APIService for each group and version served, as clients expect to find."""

from collections.abc import Mapping

import structlog
from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Body, Request
from knarr.api.apiregistration.api_service import (
    APIService,
    APIServiceCondition,
    APIServiceSpec,
    APIServiceStatus,
)
from knarr.api.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta

log = structlog.get_logger()

_PRIORITIES: Mapping[str, int] = {
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
    "resource.k8s.io": 15900,
    "metrics.k8s.io": 100,
}
"""Which group comes first when a name is in several; Kubernetes' numbers."""

_CUSTOM_PRIORITY, _CUSTOM_VERSION_PRIORITY = 1000, 100
_VERSIONS: Mapping[tuple[str, str], int] = {("", "v1"): 1, ("autoscaling", "v2"): 30}
_MANAGED = "kube-aggregator.kubernetes.io/automanaged"
_ITSELF = "apiregistration.k8s.io"


def api_service(group: str, version: str, now: str) -> APIService:
    """The APIService of a group and version that this server serves itself."""
    built_in = group in _PRIORITIES
    return APIService(
        metadata=ObjectMeta(
            name=f"{version}.{group}", labels={_MANAGED: "onstart" if built_in else "true"}
        ),
        spec=APIServiceSpec(
            group=group,
            version=version,
            group_priority_minimum=_PRIORITIES.get(group, _CUSTOM_PRIORITY),
            version_priority=_VERSIONS.get(
                (group, version), 15 if built_in else _CUSTOM_VERSION_PRIORITY
            ),
        ),
        status=APIServiceStatus(
            conditions=(
                APIServiceCondition(
                    type="Available",
                    status="True",
                    reason="Local",
                    message="Local APIServices are always available",
                    last_transition_time=now,
                ),
            )
        ),
    )


class APIServices:
    """Makes and removes APIServices as groups and versions come and go."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._kept: set[tuple[str, str]] = set()

    async def keep(self) -> None:
        """Make what is missing and remove what is served no longer."""
        served = {(kind.group, kind.version) for kind in self._registry.kinds}
        served = {each for each in served if each[0] != _ITSELF}
        for group, version in sorted(served - self._kept):
            await self._make(group, version)
        for group, version in sorted(self._kept - served):
            await self._remove(group, version)
        self._kept = served

    async def _make(self, group: str, version: str) -> None:
        core = self._registry.core
        wanted = api_service(group, version, core.time_text())
        request = Request(user=SYSTEM, kind=kind_of(APIService))
        try:
            answer = await self._registry.create(request, Body(wanted))
        except AlreadyExistsError:
            return
        except ApiError as error:
            log.warning("cannot make an APIService", name=wanted.metadata.name, error=str(error))
            return
        assert answer.entry is not None, "what was made is answered"
        made = answer.entry.object
        await core.write_status(replace(made, status=wanted.status))  # type: ignore[type-var]  # an entry does not know its type

    async def _remove(self, group: str, version: str) -> None:
        name = f"{version}.{group}"
        found: APIService | None = self._registry.core.get(APIService, "", name)
        if found is None or found.metadata.labels.get(_MANAGED) != "true":
            return
        request = Request(user=SYSTEM, kind=kind_of(APIService), name=name)
        try:
            await self._registry.delete(request)
        except (NotFoundError, ConflictError):
            return
