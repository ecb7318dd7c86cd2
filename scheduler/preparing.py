"""What has to be done for a pod before it is bound: volumes and devices, promised, then had."""

import structlog
from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.client import Client
from knarr.client.informers import Informers
from knarr.daemon.clock import Clock
from scheduler.devices.binder import DeviceBinder
from scheduler.plugins.dynamic_resources import DevicePlan, plan_devices
from scheduler.plugins.volume_binding import VolumePlan, plan_volumes
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot
from scheduler.volume_binder import VolumeBinder, VolumesNotBoundError

log = structlog.get_logger()


class Plan(Struct, frozen=True):
    """What a pod needs on its node; None where it needs nothing."""

    volumes: VolumePlan | None = None
    devices: DevicePlan | None = None


class Preparer:
    """Promises what pods need at once, and has it ready before they are bound."""

    def __init__(
        self, client: Client, informers: Informers, clock: Clock, snapshot: Snapshot
    ) -> None:
        self._snapshot = snapshot
        self._volumes = VolumeBinder(client, informers, snapshot.storage)
        self._devices = DeviceBinder(client, clock)

    def plan(self, shape: Shape, node_name: str) -> Plan:
        """What a pod is to have on a node; nobody else can have it from here on."""
        slot = self._snapshot.slot_of(node_name)
        volumes, devices = None, None
        if slot is not None and shape.claims:
            volumes = plan_volumes(self._snapshot, shape, slot)
            self._volumes.promise(volumes)
        if slot is not None and shape.pod.spec.resource_claims:
            devices = plan_devices(self._snapshot, shape, slot)
            self._snapshot.devices.promise(devices.allocate)
        return Plan(volumes, devices)

    async def carry_out(self, plan: Plan, pod: Pod, node_name: str) -> str:
        """Have everything ready; answer what went wrong, then all promises are off."""
        plugin = ""
        try:
            if plan.devices is not None:
                plugin = "DynamicResources"
                await self._devices.bind(pod, plan.devices.allocate, plan.devices.reserve)
            if plan.volumes is not None:
                plugin = "VolumeBinding"
                await self._volumes.bind(plan.volumes, node_name)
        except (ApiError, VolumesNotBoundError) as error:
            log.warning("not prepared", pod=pod.metadata.name, plugin=plugin, error=str(error))
            self._take_back(plan)
            return f'running PreBind plugin "{plugin}": {error}'
        return ""

    async def let_go(self, key: Key) -> None:
        """Take the devices of a claim back that nobody uses, where others would do better."""
        try:
            await self._devices.deallocate(key)
        except ApiError as error:
            log.debug("claim keeps its devices", claim=str(key), error=str(error))

    def _take_back(self, plan: Plan) -> None:
        if plan.volumes is not None:
            self._volumes.take_back(plan.volumes)
        if plan.devices is not None:
            self._snapshot.devices.take_back(plan.devices.allocate)
