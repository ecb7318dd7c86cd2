"""The list of all controllers, and what runs them.

A new controller is one line in `_MAKERS`. The same list serves the process
knarr-controller-manager, `knarr up` in one process, and simulation.
"""

import asyncio
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from msgspec import Struct, field

from controller_manager.bootstrapsigner.controller import BootstrapSignerController
from controller_manager.clusterroleaggregation.controller import ClusterRoleAggregationController
from controller_manager.cronjob.controller import CronJobController
from controller_manager.csrapproving.controller import CsrApprovingController
from controller_manager.csrcleaner.controller import CsrCleanerController
from controller_manager.csrsigning.controller import CsrSigningController
from controller_manager.custom_kinds import CustomKinds
from controller_manager.daemonset.controller import DaemonSetController
from controller_manager.deployment.controller import DeploymentController
from controller_manager.disruption.controller import DisruptionController
from controller_manager.endpoints.controller import EndpointsController
from controller_manager.endpointslice.controller import EndpointSliceController
from controller_manager.endpointslicemirroring.controller import EndpointSliceMirroringController
from controller_manager.ephemeralvolume.controller import EphemeralVolumeController
from controller_manager.garbagecollector.controller import GarbageCollector
from controller_manager.job.controller import JobController
from controller_manager.loadbalancer.controller import LoadBalancerController
from controller_manager.namespace.controller import NamespaceController
from controller_manager.nodeipam.controller import NodeIpamController
from controller_manager.nodeipam.ranges import Ranges
from controller_manager.nodelifecycle.controller import NodeLifecycleController
from controller_manager.persistentvolume.controller import PersistentVolumeController
from controller_manager.podautoscaler.api_metrics import ApiMetrics
from controller_manager.podautoscaler.controller import HorizontalPodAutoscalerController
from controller_manager.podgc.controller import PodGcController
from controller_manager.replicaset.controller import (
    ReplicaSetController,
    ReplicationControllerController,
)
from controller_manager.resourceclaim.controller import ResourceClaimController
from controller_manager.resourcequota.controller import ResourceQuotaController
from controller_manager.rootca.controller import RootCaController
from controller_manager.serviceaccount.controller import ServiceAccountController
from controller_manager.serviceaccounttoken.controller import ServiceAccountTokenController
from controller_manager.settings import ControllerSettings
from controller_manager.statefulset.controller import StatefulSetController
from controller_manager.tainteviction.controller import TaintEvictionController
from controller_manager.tokencleaner.controller import TokenCleanerController
from controller_manager.ttlafterfinished.controller import TtlAfterFinishedController
from controller_manager.volumeprotection.controller import VolumeProtectionController
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.batch.job import Job
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.coordination.lease import Lease
from knarr.api.core import account_secret, bootstrap_token
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.endpoints import Endpoints
from knarr.api.core.namespace import Namespace
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import ReplicationController
from knarr.api.core.secret import Secret
from knarr.api.core.service import Service
from knarr.api.core.service_account import ServiceAccount
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.client.client import Client
from knarr.client.controller import Reconciler, run_controller
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.daemon.clock import Clock


class Tools(Struct, frozen=True):
    """What a controller is made with."""

    client: Client
    informers: Informers
    clock: Clock
    chance: Random
    settings: ControllerSettings
    custom: CustomKinds
    recorders: dict[str, EventRecorder] = field(default_factory=dict)

    def recorder(self, component: str) -> EventRecorder:
        """Who records events in the name of this component."""
        if component not in self.recorders:
            self.recorders[component] = EventRecorder(
                self.client, component=component, clock=self.clock
            )
        return self.recorders[component]


Made = Reconciler[Any]
Maker = Callable[[Tools], Made]


def _bootstrap_signer(tools: Tools) -> Made:
    # kube-public has little else in it; the copy of all ConfigMaps is for others.
    config_maps = tools.informers.of(ConfigMap, namespace="kube-public")
    return BootstrapSignerController(
        tools.client, config_maps, _bootstrap_tokens(tools), tools.clock
    )


def _bootstrap_tokens(tools: Tools) -> Informer[Secret]:
    return tools.informers.of(
        Secret,
        namespace=bootstrap_token.NAMESPACE,
        field_selector=f"type={bootstrap_token.SECRET_TYPE}",
    )


def _clusterrole_aggregation(tools: Tools) -> Made:
    return ClusterRoleAggregationController(tools.client, tools.informers.of(ClusterRole))


def _csr_approving(tools: Tools) -> Made:
    return CsrApprovingController(
        tools.client,
        tools.informers.of(CertificateSigningRequest),
        approve_serving=tools.settings.approve_serving,
    )


def _csr_cleaner(tools: Tools) -> Made:
    requests = tools.informers.of(CertificateSigningRequest)
    return CsrCleanerController(tools.client, requests, tools.clock)


def _csr_signing(tools: Tools) -> Made:
    settings = tools.settings
    requests = tools.informers.of(CertificateSigningRequest)
    return CsrSigningController(
        tools.client, requests, settings.authority, settings.signing_duration
    )


def _cronjob(tools: Tools) -> Made:
    recorder = tools.recorder("cronjob-controller")
    return CronJobController(tools.client, tools.informers, recorder, tools.clock)


def _daemonset(tools: Tools) -> Made:
    recorder = tools.recorder("daemonset-controller")
    return DaemonSetController(tools.client, tools.informers, recorder, tools.clock)


def _deployment(tools: Tools) -> Made:
    return DeploymentController(
        tools.client,
        tools.informers.of(Deployment),
        tools.informers.of(ReplicaSet),
        tools.informers.of(Pod),
        tools.recorder("deployment-controller"),
        tools.clock,
    )


def _replicaset(tools: Tools) -> Made:
    return ReplicaSetController(
        tools.client,
        tools.informers.of(ReplicaSet),
        tools.informers.of(Pod),
        tools.recorder("replicaset-controller"),
        tools.clock,
    )


def _replicationcontroller(tools: Tools) -> Made:
    return ReplicationControllerController(
        tools.client,
        tools.informers.of(ReplicationController),
        tools.informers.of(Pod),
        tools.recorder("replication-controller"),
        tools.clock,
    )


def _disruption(tools: Tools) -> Made:
    recorder = tools.recorder("controllermanager")
    return DisruptionController(tools.client, tools.informers, recorder, tools.clock)


def _endpoints(tools: Tools) -> Made:
    return EndpointsController(
        tools.client,
        tools.informers.of(Service),
        tools.informers.of(Pod),
        tools.informers.of(Endpoints),
    )


def _endpointslice(tools: Tools) -> Made:
    return EndpointSliceController(
        tools.client,
        tools.informers.of(Service),
        tools.informers.of(Pod),
        tools.informers.of(Node),
        tools.informers.of(EndpointSlice),
    )


def _endpointslicemirroring(tools: Tools) -> Made:
    return EndpointSliceMirroringController(
        tools.client,
        tools.informers.of(Endpoints),
        tools.informers.of(Service),
        tools.informers.of(EndpointSlice),
    )


def _ephemeralvolume(tools: Tools) -> Made:
    recorder = tools.recorder("ephemeral-volume")
    return EphemeralVolumeController(tools.client, tools.informers, recorder)


def _resourceclaim(tools: Tools) -> Made:
    recorder = tools.recorder("resource_claim")
    return ResourceClaimController(tools.client, tools.informers, recorder)


def _garbagecollector(tools: Tools) -> Made:
    recorder = tools.recorder("garbage-collector-controller")
    return GarbageCollector(tools.client, tools.informers, tools.custom, recorder)


def _loadbalancer(tools: Tools) -> Made:
    return LoadBalancerController(
        tools.client,
        tools.informers.of(Service),
        tools.recorder("service-controller"),
        tools.settings.load_balancer_pool,
    )


def _horizontalpodautoscaler(tools: Tools) -> Made:
    return HorizontalPodAutoscalerController(
        tools.client,
        tools.informers,
        tools.recorder("horizontal-pod-autoscaler"),
        tools.clock,
        ApiMetrics(tools.client),
        tools.custom,
        period_s=tools.settings.hpa_sync_period_s,
    )


def _job(tools: Tools) -> Made:
    recorder = tools.recorder("job-controller")
    return JobController(tools.client, tools.informers, recorder, tools.clock)


def _namespace(tools: Tools) -> Made:
    return NamespaceController(
        tools.client,
        tools.informers.of(Namespace),
        tools.informers,
        tools.custom,
        tools.clock,
    )


def _nodeipam(tools: Tools) -> Made:
    settings = tools.settings
    sizes = {4: settings.node_cidr_mask_size, 6: settings.node_cidr_mask_size_ipv6}
    ranges = [
        Ranges(cidr, sizes[6 if ":" in cidr else 4], settings.service_cidr)
        for cidr in settings.cluster_cidr
    ]
    recorder = tools.recorder("cidrAllocator")
    return NodeIpamController(tools.client, tools.informers.of(Node), recorder, ranges)


def _nodelifecycle(tools: Tools) -> Made:
    return NodeLifecycleController(
        tools.client,
        tools.informers.of(Node),
        tools.informers.of(Lease),
        tools.informers.of(Pod),
        tools.recorder("node-controller"),
        tools.clock,
        grace_s=tools.settings.node_monitor_grace_s,
        rate=tools.settings.node_eviction_rate,
    )


def _persistentvolume(tools: Tools) -> Made:
    return PersistentVolumeController(
        tools.client,
        tools.informers,
        tools.recorder("persistentvolume-controller"),
        tools.clock,
        root=tools.settings.provision_root,
        classes=tools.settings.storage_classes,
        waits=tools.settings.volumes_wait,
    )


def _volumeprotection(tools: Tools) -> Made:
    return VolumeProtectionController(tools.client, tools.informers)


def _podgc(tools: Tools) -> Made:
    return PodGcController(
        tools.client,
        tools.informers.of(Node),
        tools.informers.of(Pod),
        tools.clock,
        threshold=tools.settings.terminated_pod_gc_threshold,
    )


def _resourcequota(tools: Tools) -> Made:
    return ResourceQuotaController(tools.client, tools.informers, tools.custom)


def _rootca(tools: Tools) -> Made:
    return RootCaController(
        tools.client,
        tools.informers.of(Namespace),
        tools.informers.of(ConfigMap),
        tools.settings.root_ca,
    )


def _serviceaccount(tools: Tools) -> Made:
    return ServiceAccountController(
        tools.client, tools.informers.of(Namespace), tools.informers.of(ServiceAccount)
    )


def _serviceaccount_token(tools: Tools) -> Made:
    secrets = tools.informers.of(Secret, field_selector=f"type={account_secret.SECRET_TYPE}")
    return ServiceAccountTokenController(
        tools.client,
        secrets,
        tools.informers.of(ServiceAccount),
        tools.settings.root_ca,
        tools.settings.signer,
    )


def _statefulset(tools: Tools) -> Made:
    recorder = tools.recorder("statefulset-controller")
    return StatefulSetController(tools.client, tools.informers, recorder, tools.clock)


def _tainteviction(tools: Tools) -> Made:
    return TaintEvictionController(
        tools.client,
        tools.informers.of(Node),
        tools.informers.of(Pod),
        tools.recorder("taint-eviction-controller"),
        tools.clock,
    )


def _token_cleaner(tools: Tools) -> Made:
    return TokenCleanerController(tools.client, _bootstrap_tokens(tools), tools.clock)


def _ttlafterfinished(tools: Tools) -> Made:
    return TtlAfterFinishedController(tools.client, tools.informers.of(Job), tools.clock)


_MAKERS: Mapping[str, Maker] = {
    "bootstrap-signer": _bootstrap_signer,
    "certificatesigningrequest-approving": _csr_approving,
    "certificatesigningrequest-cleaner": _csr_cleaner,
    "certificatesigningrequest-signing": _csr_signing,
    "clusterrole-aggregation": _clusterrole_aggregation,
    "cronjob": _cronjob,
    "daemonset": _daemonset,
    "deployment": _deployment,
    "disruption": _disruption,
    "endpoints": _endpoints,
    "endpointslice": _endpointslice,
    "endpointslicemirroring": _endpointslicemirroring,
    "ephemeral-volume": _ephemeralvolume,
    "garbagecollector": _garbagecollector,
    "horizontal-pod-autoscaler": _horizontalpodautoscaler,
    "job": _job,
    "namespace": _namespace,
    "node-ipam": _nodeipam,
    "nodelifecycle": _nodelifecycle,
    "persistentvolume-binder": _persistentvolume,
    "persistentvolumeclaim-protection": _volumeprotection,
    "pod-garbage-collector": _podgc,
    "replicaset": _replicaset,
    "replicationcontroller": _replicationcontroller,
    "resourceclaim": _resourceclaim,
    "resourcequota": _resourcequota,
    "root-ca-certificate-publisher": _rootca,
    "service-lb": _loadbalancer,
    "serviceaccount": _serviceaccount,
    "serviceaccount-token": _serviceaccount_token,
    "statefulset": _statefulset,
    "taint-eviction": _tainteviction,
    "token-cleaner": _token_cleaner,
    "ttl-after-finished": _ttlafterfinished,
}
"""Every controller by the name that --controllers knows it by."""


def is_wanted(name: str, wanted: tuple[str, ...]) -> bool:
    """Whether --controllers asks for the controller; `deployment-controller` is `deployment`."""
    names = {each.removesuffix("-controller") for each in wanted}
    if f"-{name}" in names:
        return False
    return name in names or "*" in names


def controllers(tools: Tools) -> list[Made]:
    """Make the controllers that the settings ask for; their informers begin."""
    return [
        make(tools) for name, make in _MAKERS.items() if is_wanted(name, tools.settings.controllers)
    ]


async def run_controllers(
    client: Client, clock: Clock, chance: Random, settings: ControllerSettings
) -> None:
    """Run the controllers until cancelled."""
    async with Informers(client) as informers:
        tools = Tools(client, informers, clock, chance, settings, CustomKinds(informers))
        made = controllers(tools)
        await informers.listed()
        async with asyncio.TaskGroup() as group:
            for component, recorder in tools.recorders.items():
                group.create_task(recorder.run(), name=f"events-{component}")
            for controller in made:
                group.create_task(run_controller(controller), name=controller.name)
