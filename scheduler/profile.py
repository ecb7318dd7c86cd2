"""A profile: which plugins decide over the pods of one scheduler name, and with what weight."""

from collections.abc import Iterable
from typing import cast

from msgspec import Struct

from scheduler.plugins import DEFAULT
from scheduler.plugins.plugin import Filter, Plugin, PreFilter, Score

DEFAULT_NAME = "default-scheduler"
"""The `spec.schedulerName` of pods that name none."""


class Profile(Struct, frozen=True):
    """The plugins for one scheduler name, in the order in which they are asked."""

    name: str
    pre_filters: tuple[PreFilter, ...]
    filters: tuple[Filter, ...]
    scores: tuple[tuple[Score, int], ...]
    preempts: bool = True
    """Whether pods of lower priority may have to go."""


def make_profile(
    name: str = DEFAULT_NAME,
    plugins: Iterable[tuple[Plugin, int]] = DEFAULT,
    *,
    preempts: bool = True,
    without_filter: frozenset[str] = frozenset(),
) -> Profile:
    """A profile of plugins and the weights of their scores; without weight none is asked for.

    Plugins named in `without_filter` only score.
    """
    plugins = tuple(plugins)
    return Profile(
        name=name,
        pre_filters=tuple(
            cast("PreFilter", each) for each, _ in plugins if hasattr(each, "refuse")
        ),
        filters=tuple(
            cast("Filter", each)
            for each, _ in plugins
            if hasattr(each, "filter") and each.name not in without_filter
        ),
        scores=tuple(
            (cast("Score", each), weight)
            for each, weight in plugins
            if weight and hasattr(each, "score")
        ),
        preempts=preempts,
    )
