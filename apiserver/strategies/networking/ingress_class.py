"""Rules of an IngressClass."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.rules import domain_prefixed_path, immutable
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    not_supported,
    required,
    too_long,
)
from knarr.api.networking.ingress_class import IngressClass, IngressClassParametersReference
from knarr.api.printing.networking import ingress_class_row

CONTROLLER_BYTES_MAX = 250


class IngressClassRules(Strategy[IngressClass]):
    """What holds for an IngressClass."""

    has_status = False

    def default(self, obj: IngressClass) -> IngressClass:
        """Parameters are the cluster's unless they say otherwise."""
        parameters = obj.spec.parameters
        if parameters is None or parameters.scope is not None:
            return obj
        spec = replace(obj.spec, parameters=replace(parameters, scope="Cluster"))
        return replace(obj, spec=spec)

    def validate(self, obj: IngressClass) -> Iterable[FieldError]:
        """A controller and perhaps its parameters."""
        controller = obj.spec.controller
        if len(controller) > CONTROLLER_BYTES_MAX:
            yield too_long("spec.controller", CONTROLLER_BYTES_MAX)
        yield from domain_prefixed_path(controller, "spec.controller")
        if obj.spec.parameters is not None:
            yield from _parameters(obj.spec.parameters, "spec.parameters")

    def validate_update(self, obj: IngressClass, old: IngressClass) -> Iterable[FieldError]:
        """The controller stays."""
        return immutable(obj.spec.controller, old.spec.controller, "spec.controller")

    def row(self, obj: IngressClass, now: datetime) -> Sequence[Any]:
        """Name, controller, parameters, age."""
        return ingress_class_row(obj, now)


def _parameters(given: IngressClassParametersReference, path: str) -> Iterator[FieldError]:
    if given.api_group is not None:
        yield from broken_names(
            f"{path}.apiGroup", given.api_group, names.dns_subdomain(given.api_group)
        )
    for value, name in ((given.kind, "kind"), (given.name, "name")):
        if not value:
            yield required(f"{path}.{name}", f"{name} is required")
        else:
            yield from broken_names(f"{path}.{name}", value, names.path_segment(value))
    yield from _scope(given, path)


def _scope(given: IngressClassParametersReference, path: str) -> Iterator[FieldError]:
    if given.scope is None:
        yield required(f"{path}.scope")
    elif given.scope not in ("Cluster", "Namespace"):
        yield not_supported(f"{path}.scope", given.scope, ("Cluster", "Namespace"))
    elif given.scope == "Cluster":
        if given.namespace is not None:
            yield forbidden(
                f"{path}.namespace",
                "`parameters.scope` is set to 'Cluster'",
            )
    elif given.namespace is None:
        yield required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")
    else:
        yield from broken_names(
            f"{path}.namespace", given.namespace, names.dns_label(given.namespace)
        )
