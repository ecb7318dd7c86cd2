"""What can be set about the scheduler."""

from dataclasses import dataclass, field

from scheduler.profile import Profile, make_profile


@dataclass(frozen=True)
class SchedulerSettings:
    """The settings of a KubeSchedulerConfiguration that Knarr knows, with their defaults."""

    profiles: tuple[Profile, ...] = field(default_factory=lambda: (make_profile(),))
    backoff_min_s: float = 1.0
    """podInitialBackoffSeconds."""
    backoff_max_s: float = 10.0
    """podMaxBackoffSeconds."""
