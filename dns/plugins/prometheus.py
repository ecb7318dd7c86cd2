"""Counts queries and serves /metrics, with CoreDNS' names where it counts the same."""

import asyncio

from aiohttp import web
from dnslib import QTYPE, RCODE
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from dns.corefile import Block, Directive
from dns.message import Query, Reply
from dns.plugins.pages import place_of, serve_page
from dns.plugins.plugin import Ask, Plugin, Site
from knarr.daemon.metrics import SECONDS

REQUESTS = Counter("coredns_dns_requests", "Queries looked up", ["proto", "type"])
RESPONSES = Counter("coredns_dns_responses", "Replies made", ["rcode"])
DURATION = Histogram(
    "coredns_dns_request_duration_seconds", "How long replies took to make", buckets=SECONDS
)
READY_MADE = Gauge("knarr_dns_ready_answers_total", "Queries answered from ready-made bytes")


class Prometheus(Plugin):
    """Counts what comes by; what was answered from ready-made bytes is counted in a sum."""

    name = "prometheus"

    def __init__(self, place: tuple[str, int], site: Site) -> None:
        self._place = place
        self._site = site

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Count the query and the reply."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        reply = await ask_next(query)
        protocol = "tcp" if query.over_tcp else "udp"
        # Of types without a name there are too many to count each.
        kind = str(QTYPE.get(query.type)) if query.type in QTYPE.forward else "other"
        REQUESTS.labels(protocol, kind).inc()
        RESPONSES.labels(str(RCODE.get(reply.rcode))).inc()
        DURATION.observe(loop.time() - began_s)
        return reply

    async def run(self) -> None:
        """Serve the page."""
        await serve_page(self._place, "/metrics", self._page)

    def _page(self) -> web.Response:
        READY_MADE.set(self._site.hits())
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def make(directive: Directive, _block: Block, site: Site) -> Plugin:
    """The plugin that `prometheus` asks for."""
    return Prometheus(place_of(directive, "localhost:9153"), site)
