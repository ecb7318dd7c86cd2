"""Turns what goes wrong on the way into SERVFAIL and, if configured, a line in the log."""

import asyncio
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence

import structlog
from msgspec import Struct

from dns.corefile import Block, Directive
from dns.message import SERVFAIL, Query, Reply, text_of
from dns.plugins.plugin import Ask, Plugin, Site
from knarr.daemon.settings import duration_s

log = structlog.get_logger()

LEVELS = ("debug", "info", "warning", "error")


class Consolidation(Struct):
    """Failures of one kind, of which there is a line now and then only."""

    every_s: float
    pattern: re.Pattern[str]
    level: str = "error"
    shows_first: bool = False
    count: int = 0


class Errors(Plugin):
    """The one place where failures end."""

    name = "errors"

    def __init__(
        self,
        *,
        logs: bool,
        traces: bool = False,
        consolidations: Sequence[Consolidation] = (),
    ) -> None:
        self._logs = logs
        self._traces = traces
        self._consolidations = tuple(consolidations)

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer even where the rest of the way fails."""
        try:
            return await ask_next(query)
        except Exception as error:
            if self._logs and not query.is_probe:
                self._note(query, error)
            return Reply(rcode=SERVFAIL)

    async def run(self) -> None:
        """Write how often each kind of failure was seen, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for one in self._consolidations:
                group.create_task(_sum_up(one), name="dns-errors-sum")

    def _note(self, query: Query, error: Exception) -> None:
        name, told = text_of(query.name), repr(error)
        for one in self._consolidations:
            if one.pattern.search(f"{name} {told}"):
                one.count += 1
                if one.count > 1 or not one.shows_first:
                    return
                break
        log.warning("query failed", name=name, error=told, exc_info=error if self._traces else None)


async def _sum_up(one: Consolidation) -> None:
    write: Callable[..., None] = getattr(log, one.level)
    while True:
        await asyncio.sleep(one.every_s)
        if one.count:
            write("queries failed", count=one.count, pattern=one.pattern.pattern, in_s=one.every_s)
        one.count = 0


def make(directive: Directive, _block: Block, _site: Site) -> Plugin:
    """The plugin that `errors` asks for."""
    found: list[Consolidation] = []
    traces = False
    for line in directive.block:
        match line:
            case ("stacktrace",):
                traces = True
            case ("consolidate", every, pattern, *more):
                found.append(_consolidation(directive, every, pattern, more))
            case _:
                raise directive.wrong(f"cannot use {' '.join(line)}")
    return Errors(logs=True, traces=traces, consolidations=found)


def _consolidation(
    directive: Directive, every: str, pattern: str, more: list[str]
) -> Consolidation:
    """DURATION REGEXP [LEVEL] [show_first]."""
    level = more[0] if more and more[0] in LEVELS else "error"
    rest = more[1:] if more and more[0] in LEVELS else more
    if rest not in ([], ["show_first"]):
        raise directive.wrong(f"consolidate: cannot use {' '.join(rest)}")
    try:
        return Consolidation(duration_s(every), re.compile(pattern), level, bool(rest))
    except (re.error, ArgumentTypeError) as error:
        raise directive.wrong(f"consolidate: {error}") from None
