"""How long a Job waits after failures before it makes another pod."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from controller_manager.job.pods import ended_at, failures_of, ignored_failures_of
from knarr.api.core.pod import Pod

FIRST_WAIT_S = 10.0
"""The wait after the first failure; it doubles with each further one."""

LONGEST_WAIT_S = 600.0
"""The longest wait."""


class Failures(Struct, frozen=True):
    """How often pods failed since one last succeeded, and when the last did."""

    count: int = 0
    last: datetime | None = None

    def after(self, succeeded: Sequence[Pod], failed: Sequence[Pod]) -> "Failures":
        """The record once these pods have ended too."""
        if not succeeded and not failed:
            return self
        ends = [ended_at(pod) for pod in failed]
        if not succeeded:
            last = max(ends if self.last is None else [*ends, self.last])
            return Failures(self.count + len(ends), last)
        success = max(ended_at(pod) for pod in succeeded)
        later = [end for end in ends if end > success]
        if self.last is not None and self.last > success:
            return Failures(self.count + len(later), max((*later, self.last)))
        return Failures(len(later), max(later, default=None))

    def wait_s(self, now: datetime) -> float:
        """Seconds until another pod may be made."""
        return _left(self.count, self.last, now)


def wait_for_index_s(failed: Pod, now: datetime) -> float:
    """Seconds until the index of this failed pod gets another one."""
    count = failures_of(failed) + ignored_failures_of(failed) + 1
    return _left(count, ended_at(failed), now)


def _left(failures: int, last: datetime | None, now: datetime) -> float:
    if failures == 0 or last is None:
        return 0.0
    wait_s = min(FIRST_WAIT_S * 2.0 ** min(failures - 1, 30), LONGEST_WAIT_S)
    return max(0.0, (last + timedelta(seconds=wait_s) - now).total_seconds())
