"""Takes up changes of the Corefile while names go on being answered."""

import asyncio
import os
from argparse import ArgumentTypeError
from pathlib import Path

import structlog

from dns.corefile import Block, CorefileError, Directive, parse
from dns.imports import beside
from dns.plugins.plugin import Plugin, Site
from knarr.daemon.settings import duration_s

log = structlog.get_logger()

LOOK_S = 30.0
"""How often the file is looked at, as CoreDNS does: a mounted ConfigMap tells nobody."""

LOOK_MIN_S = 0.05


class Reload(Plugin):
    """Looks at the file, and hands on what it says when that is sound."""

    name = "reload"

    def __init__(self, every_s: float, jitter_s: float, site: Site) -> None:
        self._every_s = every_s
        self._jitter_s = jitter_s
        self._site = site

    async def run(self) -> None:
        """Look until cancelled."""
        path = self._site.corefile
        if path is None:
            return
        before = _text(path)
        while True:
            jitter_s = self._site.chance.uniform(-self._jitter_s, self._jitter_s)
            await asyncio.sleep(max(self._every_s + jitter_s, LOOK_MIN_S))
            text = _text(path)
            if text is None or text == before:
                continue
            before = text
            try:
                self._site.reload(parse(text, os.environ, beside(path)))
            except CorefileError as error:
                log.warning("the changed Corefile is not used", error=str(error))


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def make(directive: Directive, _block: Block, site: Site) -> Plugin:
    """The plugin that `reload` asks for."""
    try:
        times = [duration_s(one) for one in directive.arguments]
    except ArgumentTypeError as error:
        raise directive.wrong(str(error)) from None
    every_s = max(times[0], LOOK_MIN_S) if times else LOOK_S
    jitter_s = min(times[1], every_s / 2) if len(times) > 1 else 0.0
    return Reload(every_s, jitter_s, site)
