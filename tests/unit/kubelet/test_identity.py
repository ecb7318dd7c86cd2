"""Whom a container runs as, with root, without it, and in namespaces with one user or many."""

import pytest

from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.security import PodSecurityContext, SecurityContext
from kubelet.runtime.process.identity import Here, Identity, identity_of
from kubelet.runtime.runtime import ContainerConfig, PodRef, RuntimeFailureError

ALL = (range(1 << 32),)
ROOT = Here(0, 0, ALL, ALL, can_rename=True)
ONE = Here(0, 0, (range(1),), (range(1),), can_rename=True)
MANY = Here(0, 0, (range(65537),), (range(65537),), can_rename=True)
USER = Here(1000, 100, can_rename=True)
NOTHING = Here(1000, 100)


def config(
    pod: PodSecurityContext | None = None, own: SecurityContext | None = None
) -> ContainerConfig:
    return ContainerConfig(
        pod=PodRef(uid="u", namespace="default", name="web"),
        name="c",
        attempt=0,
        image="none",
        spec_hash="",
        resources=ResourceRequirements(),
        security=own,
        pod_security=pod,
    )


FULL = PodSecurityContext(run_as_user=7, run_as_group=8, fs_group=9, supplemental_groups=(10,))


@pytest.mark.parametrize(
    ("where", "asked", "wanted"),
    [
        pytest.param(ROOT, config(), Identity(), id="root says nothing"),
        pytest.param(ROOT, config(FULL), Identity(7, 8, (10, 9)), id="root has all"),
        pytest.param(MANY, config(FULL), Identity(7, 8, (10, 9)), id="so has who has ranges"),
        pytest.param(
            ROOT,
            config(FULL, SecurityContext(run_as_user=70)),
            Identity(70, 8, (10, 9)),
            id="the container's own goes first",
        ),
        pytest.param(ONE, config(), Identity(), id="one user says nothing"),
        pytest.param(
            ONE,
            config(PodSecurityContext(run_as_user=7, fs_group=9)),
            Identity(7, 0, is_renamed=True),
            id="one user has another number",
        ),
        pytest.param(
            ONE, config(PodSecurityContext(fs_group=9)), Identity(), id="its files are its own"
        ),
        pytest.param(
            MANY,
            config(PodSecurityContext(run_as_user=70_000)),
            Identity(70_000, 0, is_renamed=True),
            id="beyond the range by another number",
        ),
        pytest.param(
            USER,
            config(PodSecurityContext(run_as_user=0)),
            Identity(0, 100, is_renamed=True),
            id="a user is root in a namespace",
        ),
        pytest.param(
            USER,
            config(PodSecurityContext(run_as_group=5)),
            Identity(1000, 5, is_renamed=True),
            id="a user has another group",
        ),
        pytest.param(
            NOTHING, config(PodSecurityContext(run_as_user=1000)), Identity(), id="it is us already"
        ),
    ],
)
def test_who(where: Here, asked: ContainerConfig, wanted: Identity) -> None:
    assert identity_of(asked, where) == wanted


@pytest.mark.parametrize(
    ("where", "asked", "told"),
    [
        pytest.param(ONE, FULL, "supplementalGroups 10 cannot be had", id="no other groups"),
        pytest.param(
            NOTHING, PodSecurityContext(run_as_user=7), "runAsUser 7 cannot be had", id="no users"
        ),
        pytest.param(
            NOTHING, PodSecurityContext(run_as_group=7), "runAsGroup 7 cannot be had", id="no group"
        ),
        pytest.param(
            ROOT,
            PodSecurityContext(run_as_non_root=True),
            "runAsNonRoot and image will run as root",
            id="root where none is wanted",
        ),
    ],
)
def test_what_cannot_be_had_is_said(where: Here, asked: PodSecurityContext, told: str) -> None:
    with pytest.raises(RuntimeFailureError, match=told) as refused:
        identity_of(config(asked), where)
    assert refused.value.reason == "CreateContainerConfigError"
