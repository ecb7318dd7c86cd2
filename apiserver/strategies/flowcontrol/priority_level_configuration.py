"""Rules of a PriorityLevelConfiguration."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.flowcontrol.flow_schema import EXEMPT
from apiserver.strategies.strategy import Strategy
from knarr.api.field_errors import FieldError, forbidden, invalid, not_supported, required
from knarr.api.flowcontrol.priority_level_configuration import (
    ExemptPriorityLevelConfiguration,
    LimitedPriorityLevelConfiguration,
    LimitResponse,
    PriorityLevelConfiguration,
    PriorityLevelConfigurationSpec,
    QueuingConfiguration,
)
from knarr.api.printing.cluster import priority_level_row

SHARES_DEFAULT = 30
QUEUES_MAX = 10_000_000


class PriorityLevelConfigurationRules(Strategy[PriorityLevelConfiguration]):
    """What holds for a PriorityLevelConfiguration."""

    def default(self, obj: PriorityLevelConfiguration) -> PriorityLevelConfiguration:
        """Fill in shares and queues."""
        spec = obj.spec
        exempt, limited = spec.exempt, spec.limited
        if spec.type == "Exempt":
            exempt = exempt or ExemptPriorityLevelConfiguration()
            exempt = ExemptPriorityLevelConfiguration(
                nominal_concurrency_shares=exempt.nominal_concurrency_shares or 0,
                lendable_percent=exempt.lendable_percent or 0,
            )
        if limited is not None:
            limited = _default_limited(limited)
        return replace(obj, spec=replace(spec, exempt=exempt, limited=limited))

    def validate(self, obj: PriorityLevelConfiguration) -> Iterable[FieldError]:
        """A type and what belongs to it."""
        yield from _spec(obj.spec, obj.metadata.name, "spec")

    def row(self, obj: PriorityLevelConfiguration, now: datetime) -> Sequence[Any]:
        """Name, type, shares, queues, hand size, queue length, age."""
        return priority_level_row(obj, now)


def _default_limited(
    limited: LimitedPriorityLevelConfiguration,
) -> LimitedPriorityLevelConfiguration:
    shares, response = limited.nominal_concurrency_shares, limited.limit_response
    if response is not None and response.queuing is not None:
        queuing = QueuingConfiguration(
            queues=response.queuing.queues or 64,
            hand_size=response.queuing.hand_size or 8,
            queue_length_limit=response.queuing.queue_length_limit or 50,
        )
        response = replace(response, queuing=queuing)
    return replace(
        limited,
        nominal_concurrency_shares=SHARES_DEFAULT if shares is None else shares,
        lendable_percent=limited.lendable_percent or 0,
        limit_response=response,
    )


def _spec(spec: PriorityLevelConfigurationSpec, name: str, path: str) -> Iterator[FieldError]:
    if spec.type not in ("Exempt", "Limited"):
        yield not_supported(f"{path}.type", spec.type, ("Exempt", "Limited"))
        return
    if (name == EXEMPT) != (spec.type == "Exempt"):
        yield invalid(
            f"{path}.type", spec.type, "type must be 'Exempt' if and only if `name` is 'exempt'"
        )
    if spec.type == "Exempt":
        if spec.limited is not None:
            yield forbidden(f"{path}.limited", "must be nil if the type is not Limited")
        if spec.exempt is not None:
            yield from _shares(spec.exempt, f"{path}.exempt")
        return
    if spec.exempt is not None:
        yield forbidden(f"{path}.exempt", "must be nil if the type is Limited")
    if spec.limited is None:
        yield required(f"{path}.limited", "must not be empty when type is Limited")
    else:
        yield from _limited(spec.limited, f"{path}.limited")


def _shares(
    given: ExemptPriorityLevelConfiguration | LimitedPriorityLevelConfiguration, path: str
) -> Iterator[FieldError]:
    shares, lendable = given.nominal_concurrency_shares, given.lendable_percent
    if shares is not None and shares < 0:
        yield invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer")
    if lendable is not None and not 0 <= lendable <= 100:
        yield invalid(f"{path}.lendablePercent", lendable, "must be between 0 and 100, inclusive")


def _limited(limited: LimitedPriorityLevelConfiguration, path: str) -> Iterator[FieldError]:
    yield from _shares(limited, path)
    borrowing = limited.borrowing_limit_percent
    if borrowing is not None and borrowing < 0:
        yield invalid(
            f"{path}.borrowingLimitPercent",
            borrowing,
            "if specified, must be a non-negative integer",
        )
    response = limited.limit_response or LimitResponse(type="")
    yield from _response(response, f"{path}.limitResponse")


def _response(response: LimitResponse, path: str) -> Iterator[FieldError]:
    if response.type == "Reject":
        if response.queuing is not None:
            yield forbidden(
                f"{path}.queuing", "must be nil if limited.limitResponse.type is not Limited"
            )
    elif response.type == "Queue":
        if response.queuing is None:
            yield required(
                f"{path}.queuing", "must not be empty if limited.limitResponse.type is Limited"
            )
        else:
            yield from _queuing(response.queuing, f"{path}.queuing")
    else:
        yield not_supported(f"{path}.type", response.type, ("Queue", "Reject"))


def _queuing(queuing: QueuingConfiguration, path: str) -> Iterator[FieldError]:
    for value, name in (
        (queuing.queue_length_limit, "queueLengthLimit"),
        (queuing.queues, "queues"),
    ):
        if value <= 0:
            yield invalid(f"{path}.{name}", value, "must be positive")
    if queuing.queues > QUEUES_MAX:
        yield invalid(f"{path}.queues", queuing.queues, f"must not be greater than {QUEUES_MAX}")
    if queuing.hand_size <= 0:
        yield invalid(f"{path}.handSize", queuing.hand_size, "must be positive")
    elif queuing.hand_size > queuing.queues:
        yield invalid(
            f"{path}.handSize",
            queuing.hand_size,
            f"should not be greater than queues ({queuing.queues})",
        )
