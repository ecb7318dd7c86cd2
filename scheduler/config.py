"""Reads a KubeSchedulerConfiguration: profiles, plugins, weights and arguments.

    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles:
    - schedulerName: packing
      plugins:
        score:
          disabled: [{name: PodTopologySpread}]
          enabled: [{name: NodeAffinity, weight: 5}]
      pluginConfig:
      - name: NodeResourcesFit
        args:
          scoringStrategy: {type: MostAllocated}

What the file does not say is as Kubernetes has it. A field that Knarr does not
know is an error, so that nobody believes in a setting without effect.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import yaml
from msgspec import Struct, field

from knarr.api import codec
from knarr.api.core.affinity import NodeAffinity as NodeAffinityWish
from knarr.api.core.scheduling import TopologySpreadConstraint
from knarr.api.structs import ApiStruct
from knarr.daemon.settings import SettingsError
from scheduler.plugins import DEFAULT
from scheduler.plugins.inter_pod_affinity import InterPodAffinity
from scheduler.plugins.node_affinity import NodeAffinity
from scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from scheduler.plugins.node_resources_fit import (
    NodeResourcesFit,
    Strategy,
    StrategyType,
    Weighted,
)
from scheduler.plugins.plugin import Plugin
from scheduler.plugins.pod_topology_spread import PodTopologySpread
from scheduler.profile import DEFAULT_NAME, Profile, make_profile

API_VERSION = "kubescheduler.config.k8s.io/v1"
KIND = "KubeSchedulerConfiguration"

WEIGHT_MAX = 100
"""No plugin may weigh more."""


class SchedulerSettings(Struct, frozen=True):
    """The settings of a KubeSchedulerConfiguration that Knarr knows, with their defaults."""

    profiles: tuple[Profile, ...] = field(default_factory=lambda: (make_profile(),))
    backoff_min_s: float = 1.0
    """podInitialBackoffSeconds."""
    backoff_max_s: float = 10.0
    """podMaxBackoffSeconds."""


class _Plugin(ApiStruct):
    name: str
    weight: int = 0


class _PluginSet(ApiStruct):
    enabled: tuple[_Plugin, ...] = ()
    disabled: tuple[_Plugin, ...] = ()


class _Plugins(ApiStruct):
    multi_point: _PluginSet = _PluginSet()
    pre_enqueue: _PluginSet = _PluginSet()
    queue_sort: _PluginSet = _PluginSet()
    pre_filter: _PluginSet = _PluginSet()
    filter: _PluginSet = _PluginSet()
    post_filter: _PluginSet = _PluginSet()
    pre_score: _PluginSet = _PluginSet()
    score: _PluginSet = _PluginSet()
    reserve: _PluginSet = _PluginSet()
    permit: _PluginSet = _PluginSet()
    pre_bind: _PluginSet = _PluginSet()
    bind: _PluginSet = _PluginSet()
    post_bind: _PluginSet = _PluginSet()


class _PluginConfig(ApiStruct):
    name: str
    args: dict[str, Any] = {}


class _Profile(ApiStruct):
    scheduler_name: str = DEFAULT_NAME
    percentage_of_nodes_to_score: int | None = None
    plugins: _Plugins = _Plugins()
    plugin_config: tuple[_PluginConfig, ...] = ()


class _File(ApiStruct):
    """The whole file. Every node is scored at all times, so percentages change nothing."""

    api_version: str = API_VERSION
    kind: str = KIND
    profiles: tuple[_Profile, ...] = (_Profile(),)
    parallelism: int = 16
    percentage_of_nodes_to_score: int | None = None
    pod_initial_backoff_seconds: float = 1
    pod_max_backoff_seconds: float = 10
    leader_election: dict[str, Any] = {}
    client_connection: dict[str, Any] = {}
    enable_profiling: bool = True
    enable_contention_profiling: bool = True
    extenders: tuple[Any, ...] = ()


def read_settings(path: Path) -> SchedulerSettings:
    """The settings of a file. Raise SettingsError with one line that says what is wrong."""
    try:
        plain = yaml.safe_load(path.read_text())
        return settings_of(plain)
    except OSError as error:
        raise SettingsError(f"--config {path}: {error.strerror}") from None
    except (yaml.YAMLError, msgspec.ValidationError, SettingsError, ValueError) as error:
        told = " ".join(str(error).split())
        raise SettingsError(f"--config {path}: {told}") from None


def settings_of(plain: Any) -> SchedulerSettings:
    """The settings that a configuration says. Raise SettingsError, ValidationError."""
    found = msgspec.convert(plain, _File)
    if (found.api_version, found.kind) != (API_VERSION, KIND):
        raise SettingsError(f"wanted {KIND} of {API_VERSION}, not {found.kind}")
    if found.extenders:
        raise SettingsError("extenders are not supported")
    names = [each.scheduler_name for each in found.profiles]
    if len(set(names)) != len(names) or not names:
        raise SettingsError("profiles need different schedulerNames, and one at least")
    return SchedulerSettings(
        profiles=tuple(_profile(each) for each in found.profiles),
        backoff_min_s=found.pod_initial_backoff_seconds,
        backoff_max_s=found.pod_max_backoff_seconds,
    )


def _profile(found: _Profile) -> Profile:
    known = {plugin.name for plugin, _ in DEFAULT}
    configured = _configured(found.plugin_config)
    plugins = found.plugins
    _check_names(plugins, known | _WITHOUT_FILE)
    everywhere, scoring = plugins.multi_point, plugins.score
    weights = {
        each.name: each.weight or _default_weight(each.name)
        for each in (*everywhere.enabled, *scoring.enabled)
    }
    if wrong := [name for name, weight in weights.items() if not 0 <= weight <= WEIGHT_MAX]:
        raise SettingsError(f"weight of plugin {wrong[0]} is not between 0 and {WEIGHT_MAX}")
    chosen = []
    for plugin, default in DEFAULT:
        name = plugin.name
        if _is_off(name, everywhere):
            continue
        weight = weights.get(name, 0 if _is_off(name, scoring) else default)
        chosen.append((configured.get(name, plugin), weight))
    return make_profile(
        found.scheduler_name,
        chosen,
        preempts=not _is_off("DefaultPreemption", everywhere)
        and not _is_off("DefaultPreemption", plugins.post_filter),
        without_filter=frozenset(name for name in known if _is_off(name, plugins.filter)),
    )


def _is_off(name: str, chosen: _PluginSet) -> bool:
    if any(each.name == name for each in chosen.enabled):
        return False
    return any(each.name in (name, "*") for each in chosen.disabled)


def _default_weight(name: str) -> int:
    return next((weight for plugin, weight in DEFAULT if plugin.name == name and weight), 1)


_WITHOUT_FILE = frozenset(("DefaultPreemption", "PrioritySort", "SchedulingGates", "DefaultBinder"))
"""Plugins of Kubernetes that are part of queue, loop or cycle here."""


def _check_names(plugins: _Plugins, known: frozenset[str] | set[str]) -> None:
    for point in plugins.__struct_fields__:
        chosen: _PluginSet = getattr(plugins, point)
        for each in (*chosen.enabled, *chosen.disabled):
            if each.name not in known and each.name != "*":
                raise SettingsError(f'there is no plugin "{each.name}"')


# ---- arguments


def _configured(configs: Sequence[_PluginConfig]) -> Mapping[str, Plugin]:
    """The plugins that have arguments, made with them."""
    made = {}
    for config in configs:
        args = {
            name: value for name, value in config.args.items() if name not in ("kind", "apiVersion")
        }
        maker = _MAKERS.get(config.name)
        if maker is None:
            if args and config.name not in _ARGUMENTS_IGNORED:
                raise SettingsError(f'plugin "{config.name}" takes no arguments')
            continue
        made[config.name] = maker(args)
    return made


_ARGUMENTS_IGNORED = frozenset(("DefaultPreemption", "VolumeBinding", "DynamicResources"))
"""Their arguments tune how long and how much is tried, for which there are constants here."""


class _Resource(ApiStruct):
    name: str
    weight: int = 1


class _Point(ApiStruct):
    utilization: int
    score: int


class _Ratio(ApiStruct):
    shape: tuple[_Point, ...]


class _Strategy(ApiStruct):
    type: str = "LeastAllocated"
    resources: tuple[_Resource, ...] = (_Resource(name="cpu"), _Resource(name="memory"))
    requested_to_capacity_ratio: _Ratio | None = None


class _FitArgs(ApiStruct):
    ignored_resources: frozenset[str] = frozenset()
    ignored_resource_groups: frozenset[str] = frozenset()
    scoring_strategy: _Strategy = _Strategy()


class _BalancedArgs(ApiStruct):
    resources: tuple[_Resource, ...] = (_Resource(name="cpu"), _Resource(name="memory"))


class _InterPodArgs(ApiStruct):
    hard_pod_affinity_weight: int = 1
    ignore_preferred_terms_of_existing_pods: bool = False


def _fit(args: Mapping[str, Any]) -> Plugin:
    found = msgspec.convert(args, _FitArgs)
    strategy = found.scoring_strategy
    if strategy.type not in ("LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"):
        raise SettingsError(f'there is no scoring strategy "{strategy.type}"')
    ratio = strategy.requested_to_capacity_ratio
    if (strategy.type == "RequestedToCapacityRatio") != (ratio is not None):
        raise SettingsError("requestedToCapacityRatio goes with the strategy of that name")
    points = tuple((each.utilization, each.score) for each in ratio.shape) if ratio else ()
    if ratio and (not points or list(points) != sorted(set(points))):
        raise SettingsError("the utilization of a shape's points must rise")
    return NodeResourcesFit(
        Strategy(
            type=cast("StrategyType", strategy.type),
            resources=tuple(Weighted(each.name, each.weight) for each in strategy.resources),
            points=points,
        ),
        ignored=found.ignored_resources,
        ignored_groups=found.ignored_resource_groups,
    )


def _balanced(args: Mapping[str, Any]) -> Plugin:
    found = msgspec.convert(args, _BalancedArgs)
    return NodeResourcesBalancedAllocation([each.name for each in found.resources])


def _inter_pod(args: Mapping[str, Any]) -> Plugin:
    found = msgspec.convert(args, _InterPodArgs)
    return InterPodAffinity(
        found.hard_pod_affinity_weight,
        ignores_preferences_of_placed=found.ignore_preferred_terms_of_existing_pods,
    )


def _node_affinity(args: Mapping[str, Any]) -> Plugin:
    _only(args, "addedAffinity")
    added = args.get("addedAffinity")
    return NodeAffinity(None if added is None else codec.from_plain(NodeAffinityWish, added))


def _spread(args: Mapping[str, Any]) -> Plugin:
    _only(args, "defaultConstraints", "defaultingType")
    defaulting = args.get("defaultingType", "System")
    constraints = [
        codec.from_plain(TopologySpreadConstraint, each)
        for each in args.get("defaultConstraints") or ()
    ]
    if defaulting == "System" and constraints:
        raise SettingsError("defaultConstraints go with defaultingType List")
    return PodTopologySpread(None if defaulting == "System" else constraints)


def _only(args: Mapping[str, Any], *known: str) -> None:
    for name in args:
        if name not in known:
            raise SettingsError(f'there is no argument "{name}"')


_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], Plugin]] = {
    "NodeResourcesFit": _fit,
    "NodeResourcesBalancedAllocation": _balanced,
    "InterPodAffinity": _inter_pod,
    "NodeAffinity": _node_affinity,
    "PodTopologySpread": _spread,
}
