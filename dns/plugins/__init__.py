"""The steps of an answer, one a file, in the order in which they are asked.

`errors` is always there, whether or not the configuration names it: it is
what keeps a failure from being anything but SERVFAIL.
"""

from collections.abc import Mapping

from dns.plugins import (
    cache,
    dnssec,
    errors,
    forward,
    health,
    hosts,
    kubernetes,
    loadbalance,
    log,
    loop,
    prometheus,
    ready,
    reload,
    rewrite,
    template,
)
from dns.plugins.plugin import Make, MakeAll, each_for_itself

TOGETHER: Mapping[str, MakeAll] = {"rewrite": rewrite.make_all}
"""Those of which all lines are one step."""

ORDER: tuple[tuple[str, Make], ...] = (
    ("reload", reload.make),
    ("ready", ready.make),
    ("health", health.make),
    ("prometheus", prometheus.make),
    ("errors", errors.make),
    ("log", log.make),
    ("loadbalance", loadbalance.make),
    ("cache", cache.make),
    ("rewrite", each_for_itself),
    ("dnssec", dnssec.make),
    ("template", template.make),
    ("hosts", hosts.make),
    ("kubernetes", kubernetes.make),
    ("loop", loop.make),
    ("forward", forward.make),
)
