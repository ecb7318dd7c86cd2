"""Table lines of admissionregistration.k8s.io."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.admissionregistration.matching import ParamKind, ParamRef
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.printing.cells import UNSET, age


def webhook_configuration_row(meta: ObjectMeta, webhooks: int, now: datetime) -> Sequence[Any]:
    """Name, webhooks, age."""
    return [meta.name, webhooks, age(meta, now)]


def policy_row(
    meta: ObjectMeta, rules: int, kind: ParamKind | None, now: datetime
) -> Sequence[Any]:
    """Name, validations or mutations, kind of parameters, age."""
    told = UNSET if kind is None else f"{kind.api_version}/{kind.kind}"
    return [meta.name, rules, told, age(meta, now)]


def binding_row(
    meta: ObjectMeta, policy: str, reference: ParamRef | None, now: datetime
) -> Sequence[Any]:
    """Name, policy, parameters, age."""
    told = UNSET
    if reference is not None:
        told = f"{reference.namespace or '*'}/{reference.name or '*'}"
    return [meta.name, policy, told, age(meta, now)]
