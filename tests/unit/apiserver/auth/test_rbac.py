"""Decisions over roles and bindings."""

import pytest

from apiserver.auth.attributes import Attributes, refusal
from apiserver.auth.bootstrap_policy import bootstrap_objects
from apiserver.auth.rbac import Rbac
from apiserver.auth.rules import compact, shown, uncovered
from apiserver.registry.request import User
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.cluster_role_binding import ClusterRoleBinding
from knarr.api.rbac.role import Role
from knarr.api.rbac.role_binding import RoleBinding
from knarr.api.rbac.rules import PolicyRule, RoleRef, Subject

JANE = User("jane", groups=("staff",))
ROBOT = User("system:serviceaccount:build:robot")


def rule(verbs: str, resources: str, names: str = "", group: str = "") -> PolicyRule:
    return PolicyRule(
        verbs=tuple(verbs.split()),
        api_groups=(group,),
        resources=tuple(resources.split()),
        resource_names=tuple(names.split()),
    )


def index(*rules: PolicyRule, subject: Subject, namespace: str = "") -> Rbac:
    rbac = Rbac()
    meta = ObjectMeta(name="r", namespace=namespace)
    ref = RoleRef(kind="Role" if namespace else "ClusterRole", name="r")
    if namespace:
        rbac.put(Role(metadata=meta, rules=rules))
        rbac.put(RoleBinding(metadata=meta, role_ref=ref, subjects=(subject,)))
    else:
        rbac.put(ClusterRole(metadata=meta, rules=rules))
        rbac.put(ClusterRoleBinding(metadata=meta, role_ref=ref, subjects=(subject,)))
    return rbac


USER = Subject(kind="User", name="jane")
GROUP = Subject(kind="Group", name="staff")
ACCOUNT = Subject(kind="ServiceAccount", name="robot", namespace="build")


@pytest.mark.parametrize(
    ("given", "asked", "allowed"),
    [
        pytest.param(rule("get", "pods"), ("get", "pods", ""), True, id="what the rule says"),
        pytest.param(rule("get", "pods"), ("list", "pods", ""), False, id="another verb"),
        pytest.param(rule("get", "pods"), ("get", "pods/log", ""), False, id="a subresource"),
        pytest.param(rule("get", "*/log"), ("get", "pods/log", ""), True, id="of any resource"),
        pytest.param(rule("*", "*"), ("drop", "moons/x", ""), True, id="everything"),
        pytest.param(rule("get", "pods", "a"), ("get", "pods", "a"), True, id="by name"),
        pytest.param(rule("get", "pods", "a"), ("get", "pods", "b"), False, id="by another name"),
        pytest.param(rule("list", "pods", "a"), ("list", "pods", ""), False, id="no name at all"),
    ],
)
def test_rules(given: PolicyRule, asked: tuple[str, str, str], allowed: bool) -> None:
    verb, what, name = asked
    resource, _, subresource = what.partition("/")
    wanted = Attributes(JANE, verb, resource=resource, subresource=subresource, name=name)
    decision = index(given, subject=USER).decide(wanted)
    assert (decision.verdict == "allow") is allowed


@pytest.mark.parametrize(
    ("subject", "user"), [(USER, JANE), (GROUP, JANE), (ACCOUNT, ROBOT)], ids=str
)
def test_subjects(subject: Subject, user: User) -> None:
    rbac = index(rule("get", "pods"), subject=subject, namespace="build")
    inside = Attributes(user, "get", resource="pods", namespace="build")
    assert rbac.decide(inside).verdict == "allow"
    assert rbac.decide(inside._replace(namespace="other")).verdict == "none"
    assert rbac.decide(inside._replace(user=User("joe"))).verdict == "none"


def test_forgets_what_is_removed() -> None:
    rbac = index(rule("get", "pods"), subject=USER)
    asked = Attributes(JANE, "get", resource="pods")
    rbac.remove(ClusterRole(metadata=ObjectMeta(name="r")))
    decision = rbac.decide(asked)
    assert decision.verdict == "none"
    assert 'clusterrole.rbac.authorization.k8s.io "r" not found' in decision.reason
    rbac.replace(ClusterRoleBinding, ())
    assert not rbac.decide(asked).reason


def test_a_refusal_in_kubernetes_words() -> None:
    asked = Attributes(
        JANE, "get", group="apps", resource="deployments", subresource="scale", name="web"
    )
    assert refusal(asked).message == (
        'deployments.apps "web" is forbidden: User "jane" cannot get resource '
        '"deployments/scale" in API group "apps" at the cluster scope'
    )


def test_what_is_granted_must_be_owned() -> None:
    owned = [rule("get create", "pods")]
    missing = compact(uncovered(owned, [rule("get delete", "pods secrets")]))
    assert [shown(one) for one in missing] == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}',
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
    ]
    assert not uncovered([rule("*", "*")], owned)


def test_bootstrap_roles_gather() -> None:
    roles = {obj.metadata.name: obj for obj in bootstrap_objects() if isinstance(obj, ClusterRole)}
    view, edit, admin = (set(map(str, roles[name].rules)) for name in ("view", "edit", "admin"))
    assert view < edit < admin
    assert roles["cluster-admin"].rules[0].verbs == ("*",)
