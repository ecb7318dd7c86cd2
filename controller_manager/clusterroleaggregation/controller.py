"""Watches ClusterRoles."""

from collections.abc import Iterable

from controller_manager.clusterroleaggregation.decide import decide
from knarr.api.keys import Key
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed


class ClusterRoleAggregationController:
    """Keeps the rules of roles that gather others."""

    name = "clusterrole-aggregation"

    def __init__(self, client: Client, roles: Informer[ClusterRole]) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._roles = roles
        self._gathering: set[Key] = set()
        feed(self.queue, roles, self._concerned)

    async def reconcile(self, key: Key) -> float | None:
        """Gather the rules of one role."""
        role = self._roles.objects.get(key)
        if role is None:
            return None
        plan = decide(role, self._roles.objects.values())
        return await carry_out(plan, self._client, self._roles)

    def _concerned(self, old: ClusterRole | None, new: ClusterRole | None) -> Iterable[Key]:
        """All roles that gather, unless nothing changed that they look at."""
        changed = new if new is not None else old
        assert changed is not None, "a change has an object before or after"
        if new is not None and new.aggregation_rule is not None:
            self._gathering.add(key_of(new))
        else:
            self._gathering.discard(key_of(changed))
        return tuple(self._gathering)
