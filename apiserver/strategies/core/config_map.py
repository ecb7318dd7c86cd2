"""Rules of a ConfigMap."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.core.keyed_data import decoded_length, validate_frozen, validate_keys
from apiserver.strategies.strategy import Strategy
from knarr.api.core.config_map import ConfigMap
from knarr.api.field_errors import FieldError, invalid, too_long
from knarr.api.printing.core import config_map_row

BYTES_MAX = 1024 * 1024
"""All values together; etcd takes little more."""


class ConfigMapRules(Strategy[ConfigMap]):
    """What holds for a ConfigMap."""

    has_status = False
    has_generation = False

    def validate(self, obj: ConfigMap) -> Iterable[FieldError]:
        """Keys are file names, and all of it fits."""
        return _validate(obj)

    def validate_update(self, obj: ConfigMap, old: ConfigMap) -> Iterable[FieldError]:
        """What is immutable stays so."""
        if not old.immutable:
            return ()
        return validate_frozen(obj, old, ("data", "binary_data"))

    def row(self, obj: ConfigMap, now: datetime) -> Sequence[Any]:
        """Name, number of keys, age."""
        return config_map_row(obj, now)


def _validate(config: ConfigMap) -> Iterator[FieldError]:
    total = 0
    for key in sorted(config.data):
        yield from validate_keys(key, "data")
        if key in config.binary_data:
            yield invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
        total += len(config.data[key].encode())
    for key in sorted(config.binary_data):
        yield from validate_keys(key, "binaryData")
        total += decoded_length(config.binary_data[key])
    if total > BYTES_MAX:
        yield too_long("", BYTES_MAX)
