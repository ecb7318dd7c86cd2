"""Which ServiceAccounts a Namespace must have."""

from collections.abc import Container

from knarr.api.core.namespace import Namespace
from knarr.api.core.service_account import ServiceAccount
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan

NAMES = ("default",)


def decide(namespace: Namespace, existing: Container[str]) -> Plan:
    """Make the ServiceAccounts that a Namespace lacks. `existing` are the names it has."""
    if namespace.metadata.deletion_timestamp is not None:
        return Plan()
    return Plan(
        ensure=tuple(
            ServiceAccount(metadata=ObjectMeta(name=name, namespace=namespace.metadata.name))
            for name in NAMES
            if name not in existing
        )
    )
