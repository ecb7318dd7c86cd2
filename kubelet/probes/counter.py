"""Counts a probe's answers up to its thresholds. Pure."""

from msgspec import Struct

from knarr.api.core.probe import Probe
from kubelet.probes.handlers import Answer

PERIOD_DEFAULT_S = 10
TIMEOUT_DEFAULT_S = 1
FAILURES_DEFAULT = 3
SUCCESSES_DEFAULT = 1


class Counter(Struct):
    """What a probe has said so far."""

    probe: Probe
    passing: bool
    """What holds until a threshold is reached: readiness begins with no, liveness with yes."""
    _last: str = ""
    _run: int = 0

    def take(self, answer: Answer) -> bool:
        """Count an answer; say whether a threshold is reached and `passing` now holds it."""
        if answer.result == "unknown":
            return False
        if answer.result == self._last:
            self._run += 1
        else:
            self._last, self._run = answer.result, 1
        if answer.result == "success":
            if self._run < (self.probe.success_threshold or SUCCESSES_DEFAULT):
                return False
            self.passing = True
            return True
        if self._run < (self.probe.failure_threshold or FAILURES_DEFAULT):
            return False
        self.passing = False
        return True
