"""What a `cache` block says. Pure."""

from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import Labels
from dns.plugins.plugin import zones_of
from knarr.daemon.settings import duration_s

KEPT_MAX = 9984
"""So many answers are kept, as CoreDNS does; the oldest are forgotten first."""

SUCCESS_S, DENIAL_S = 3600.0, 1800.0

LEAST_S = 5.0
"""Shorter times are not worth asking again for."""

FAILURE_S, FAILURE_MAX_S = 5.0, 300.0
"""How long a failure is believed: its cause is not asked about a thousand times a second."""

STALE_S = 3600.0
"""How long an answer may be used after its time, where that is allowed at all."""

GAP_S, PART = 60.0, 0.1
"""Answers are asked for again while they are used without such a gap, in this last part."""


class Rules(Struct, frozen=True):
    """How one kind of answer is kept."""

    most_s: float
    least_s: float = LEAST_S
    kept_max: int = KEPT_MAX
    not_in: tuple[Labels, ...] = ()
    """Zones whose answers are not kept."""


class CacheOptions(Struct, frozen=True, kw_only=True):
    """How answers are kept."""

    success: Rules
    denial: Rules
    failure_s: float = FAILURE_S
    stale_s: float = 0.0
    """0 for never."""
    verifies: bool = False
    """Whether an old answer is given only when nobody has a newer one."""
    prefetch_uses: int = 0
    """0 for never."""
    prefetch_gap_s: float = GAP_S
    prefetch_part: float = PART
    keeps_ttl: bool = False

    def rules(self, *, is_success: bool) -> Rules:
        """How such answers are kept."""
        return self.success if is_success else self.denial


def read_options(directive: Directive, most_s: float | None) -> CacheOptions:
    """The options of a block. Raise CorefileError."""
    found = CacheOptions(
        success=Rules(SUCCESS_S if most_s is None else most_s),
        denial=Rules(DENIAL_S if most_s is None else most_s),
    )
    if most_s is not None and most_s < LEAST_S:
        found = replace(
            found,
            success=replace(found.success, least_s=most_s),
            denial=replace(found.denial, least_s=most_s),
        )
    for word, *values in directive.block:
        try:
            found = _READ[word](found, values)
        except (KeyError, ValueError, IndexError, ArgumentTypeError):
            raise directive.wrong(f"cannot use {' '.join((word, *values))}") from None
    return found


def _rules(rules: Rules, values: Sequence[str]) -> Rules:
    """CAPACITY [TTL] [MINTTL]."""
    kept_max, *times = (int(value) for value in values)
    if not 0 < len(values) <= 3 or min(kept_max, *times, 1) < 0:
        raise ValueError
    most_s = float(times[0]) if times else rules.most_s
    least_s = float(times[1]) if len(times) > 1 else min(rules.least_s, most_s)
    return replace(rules, kept_max=kept_max, most_s=most_s, least_s=least_s)


def _prefetch(found: CacheOptions, values: Sequence[str]) -> CacheOptions:
    """AMOUNT [DURATION] [PERCENTAGE%]."""
    part = float(values[2].removesuffix("%")) / 100 if len(values) > 2 else PART
    if not 0.1 <= part * 10 <= 9.0 or int(values[0]) < 0:
        raise ValueError
    gap_s = duration_s(values[1]) if len(values) > 1 else GAP_S
    return replace(found, prefetch_uses=int(values[0]), prefetch_gap_s=gap_s, prefetch_part=part)


def _stale(found: CacheOptions, values: Sequence[str]) -> CacheOptions:
    """[DURATION] [immediate|verify]."""
    mode = values[1].lower() if len(values) > 1 else "immediate"
    if mode not in ("immediate", "verify"):
        raise ValueError
    stale_s = duration_s(values[0]) if values else STALE_S
    return replace(found, stale_s=stale_s, verifies=mode == "verify")


def _failure(found: CacheOptions, values: Sequence[str]) -> CacheOptions:
    failure_s = duration_s(values[0])
    if failure_s > FAILURE_MAX_S:
        raise ValueError
    return replace(found, failure_s=failure_s)


def _disable(found: CacheOptions, values: Sequence[str]) -> CacheOptions:
    """success|denial [ZONES…]."""
    zones = zones_of(values[1:] or (".",), Block((), 0, ()))
    if values[0] == "success":
        return replace(found, success=replace(found.success, not_in=zones))
    if values[0] == "denial":
        return replace(found, denial=replace(found.denial, not_in=zones))
    raise ValueError


def _keep_ttl(found: CacheOptions, values: Sequence[str]) -> CacheOptions:
    if values:
        raise ValueError
    return replace(found, keeps_ttl=True)


_READ: Mapping[str, Callable[[CacheOptions, Sequence[str]], CacheOptions]] = {
    "success": lambda found, values: replace(found, success=_rules(found.success, values)),
    "denial": lambda found, values: replace(found, denial=_rules(found.denial, values)),
    "prefetch": _prefetch,
    "serve_stale": _stale,
    "servfail": _failure,
    "disable": _disable,
    "keepttl": _keep_ttl,
}
