"""The rules, one a file, in the order in which they are asked."""

from scheduler.plugins.dynamic_resources import DynamicResources
from scheduler.plugins.image_locality import ImageLocality
from scheduler.plugins.inter_pod_affinity import InterPodAffinity
from scheduler.plugins.node_affinity import NodeAffinity
from scheduler.plugins.node_name import NodeName
from scheduler.plugins.node_ports import NodePorts
from scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from scheduler.plugins.node_resources_fit import NodeResourcesFit
from scheduler.plugins.node_unschedulable import NodeUnschedulable
from scheduler.plugins.node_volume_limits import NodeVolumeLimits
from scheduler.plugins.plugin import Plugin
from scheduler.plugins.pod_topology_spread import PodTopologySpread
from scheduler.plugins.taint_toleration import TaintToleration
from scheduler.plugins.volume_binding import VolumeBinding
from scheduler.plugins.volume_restrictions import VolumeRestrictions
from scheduler.plugins.volume_zone import VolumeZone

DEFAULT: tuple[tuple[Plugin, int], ...] = (
    (NodeUnschedulable(), 0),
    (NodeName(), 0),
    (TaintToleration(), 3),
    (NodeAffinity(), 2),
    (NodePorts(), 0),
    (NodeResourcesFit(), 1),
    (VolumeRestrictions(), 0),
    (NodeVolumeLimits(), 0),
    (VolumeBinding(), 0),
    (VolumeZone(), 0),
    (DynamicResources(), 0),
    (PodTopologySpread(), 2),
    (InterPodAffinity(), 2),
    (NodeResourcesBalancedAllocation(), 1),
    (ImageLocality(), 1),
)
"""Every plugin and what its score weighs, as Kubernetes has them."""
