"""Which flows the kernel must forget when a Service changes. Pure.

Only those without a connection: a datagram of a flow that the kernel knows
goes where the last one went, though the endpoint is gone.
"""

from collections.abc import Iterator, Sequence

from proxy.model import ServicePort

Words = tuple[str, ...]
"""Arguments of `conntrack -D`."""


def stale(old: Sequence[ServicePort], new: Sequence[ServicePort]) -> Iterator[Words]:
    """The flows to forget, as conntrack's arguments."""
    after = {(one.protocol, one.port): one for one in new}
    for before in old:
        if before.protocol != "UDP":
            continue
        now = after.get((before.protocol, before.port))
        left = {one.ip for one in now.backends} if now is not None else set()
        for ip in sorted({one.ip for one in before.backends} - left):
            yield from _to(before, ip)
    known = {(one.protocol, one.port): one for one in old}
    for now in new:
        earlier = known.get((now.protocol, now.port))
        if now.protocol == "UDP" and now.backends and not (earlier and earlier.backends):
            # Until now these went nowhere, and the kernel remembers that too.
            yield from _to(now, None)


def _to(port: ServicePort, backend: str | None) -> Iterator[Words]:
    came_from = () if backend is None else ("--reply-src", backend)
    for ip in (*port.cluster_ips, *port.external_ips, *port.load_balancer_ips):
        family = ("-f", "ipv6") if ":" in ip else ()
        yield (*family, "-p", "udp", "--orig-dst", ip, "--dport", str(port.port), *came_from)
    if port.node_port:
        yield ("-p", "udp", "--dport", str(port.node_port), *came_from)
