"""Which users and groups a container's processes are to be, and whether they can be that here.

As root all can be had. A user without root has but his own; where user namespaces are
allowed a container gets one in which he has the number that the pod asks for.
"""

import os
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from knarr.daemon.owners import numbers_here
from kubelet.runtime.docker.images import check_user
from kubelet.runtime.process.privilege import can_mount
from kubelet.runtime.runtime import ContainerConfig, RuntimeFailureError


class Identity(Struct, frozen=True):
    """Who a container's processes are; None and nothing for who we are ourselves."""

    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] = ()
    is_renamed: bool = False
    """Whether it is ourselves under other numbers, in a user namespace."""


class Here(Struct, frozen=True):
    """Who we are and who we may be."""

    user: int
    group: int
    users: tuple[range, ...] = ()
    """Whom we may become."""
    groups: tuple[range, ...] = ()
    can_rename: bool = False
    """Whether user namespaces are allowed."""

    def can_be(self, user: int, groups: Sequence[int]) -> bool:
        """Whether we may become this user with these groups."""
        return any(user in one for one in self.users) and all(
            any(group in one for one in self.groups) for group in groups
        )


def here() -> Here:
    """What this machine, or the namespace that we are in, lets us be."""
    users, groups = numbers_here("uid"), numbers_here("gid")
    return Here(os.geteuid(), os.getegid(), users, groups, can_rename=can_mount())


def identity_of(config: ContainerConfig, where: Here) -> Identity:
    """Who a container is to be. Raise RuntimeFailureError where that cannot be had."""
    check_user(config, str(where.user))
    user, group = _wanted("run_as_user", config), _wanted("run_as_group", config)
    pod = config.pod_security
    extra = tuple(pod.supplemental_groups) if pod is not None else ()
    shared = (pod.fs_group,) if pod is not None and pod.fs_group is not None else ()
    named = [one for one in (group, *extra, *shared) if one is not None]
    if where.can_be(where.user if user is None else user, named):
        return Identity(user, group, (*extra, *shared))
    if user in (None, where.user) and group in (None, where.group) and not extra:
        return Identity()  # Of volumes everything is ours already, so is the pod's group.
    if extra:
        raise _refused(f"supplementalGroups {', '.join(map(str, extra))} cannot be had", config)
    if not where.can_rename:
        told = f"runAsUser {user}" if user is not None else f"runAsGroup {group}"
        raise _refused(f"{told} cannot be had: user namespaces are not allowed either", config)
    return Identity(
        where.user if user is None else user,
        (where.group if where.user else 0) if group is None else group,
        is_renamed=True,
    )


def _wanted(field: str, config: ContainerConfig) -> int | None:
    for context in (config.security, config.pod_security):
        found: Any = getattr(context, field, None)
        if found is not None:
            return int(found)
    return None


def _refused(told: str, config: ContainerConfig) -> RuntimeFailureError:
    return RuntimeFailureError(
        "CreateContainerConfigError",
        f"{told} without root, unless newuidmap is installed and /etc/subuid and /etc/subgid give "
        f'you ranges (pod: "{config.pod.name}_{config.pod.namespace}({config.pod.uid})", '
        f"container: {config.name})",
    )
