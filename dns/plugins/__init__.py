"""The steps of an answer, one a file, in the order in which they are asked.

`errors` is always there, whether or not the configuration names it: it is
what keeps a failure from being anything but SERVFAIL.
"""

from dns.plugins import (
    cache,
    errors,
    forward,
    kubernetes,
    loadbalance,
    log,
    loop,
)
from dns.plugins.plugin import Make

ORDER: tuple[tuple[str, Make], ...] = (
    ("errors", errors.make),
    ("log", log.make),
    ("loadbalance", loadbalance.make),
    ("cache", cache.make),
    ("kubernetes", kubernetes.make),
    ("loop", loop.make),
    ("forward", forward.make),
)
