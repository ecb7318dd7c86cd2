"""What Prometheus asks of an API server: how many requests, how they ended, how long they took."""

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from apiserver.rest.call import Call
from apiserver.rest.reply import text_reply

BUCKETS_S = (0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.5, 2, 5, 10, 30, 60)
SERIES_MAX = 5000
"""Kinds of requests told apart; a flood of made-up resources must not fill the memory."""


class Metrics:
    """The counters of one server, by Kubernetes' names."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._total = Counter(
            "apiserver_request_total",
            "Requests answered.",
            ("verb", "group", "version", "resource", "subresource", "code"),
            registry=self._registry,
        )
        self._duration = Histogram(
            "apiserver_request_duration_seconds",
            "How long answers took, but for those without an end.",
            ("verb", "resource"),
            buckets=BUCKETS_S,
            registry=self._registry,
        )
        self._running = Gauge(
            "apiserver_current_inflight_requests",
            "Requests being worked on.",
            registry=self._registry,
        )
        self._counters: dict[tuple[str, ...], Counter] = {}
        self._histograms: dict[tuple[str, str], Histogram] = {}
        self.running = 0

    def note(self, call: Call, code: int, seconds: float) -> None:
        """Count a request that is answered."""
        path = call.path
        found = code not in (404, 405)
        plural = path.plural if found else ""
        verb = call.verb.upper()
        key = (verb, path.group, path.version, plural, path.subresource, str(code))
        if not found:
            key = (verb, "", "", "", "", str(code))
        counter = self._counters.get(key)
        if counter is None:
            if len(self._counters) >= SERIES_MAX:
                return
            counter = self._counters[key] = self._total.labels(*key)
        counter.inc()
        if call.verb == "watch":
            return
        histogram = self._histograms.get((verb, plural))
        if histogram is None:
            histogram = self._histograms[verb, plural] = self._duration.labels(verb, plural)
        histogram.observe(seconds)

    async def page(self, call: Call) -> web.StreamResponse:
        """Answer `/metrics`."""
        self._running.set(self.running)
        return text_reply(call, generate_latest(self._registry).decode())
