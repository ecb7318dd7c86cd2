"""Commands against a real API server over gRPC."""

import json
from pathlib import Path

import pytest
import yaml

from tests.component.cli.conftest import Run

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "web:1"}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "1"}
"""
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ships.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: ships, singular: ship, kind: Ship, shortNames: [sh]}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {crew: {type: integer}}}}}}
"""  # noqa: E501  # a schema is long


@pytest.fixture(scope="module", autouse=True)
def _files(folder: Path) -> None:
    (folder / "web.yaml").write_text(WEB)


def test_apply_creates_leaves_and_configures(knarr: Run) -> None:
    created = knarr("apply -f web.yaml")
    assert created.out == "deployment.apps/web created\nconfigmap/settings created\n"
    assert knarr("apply -f web.yaml").out.count("unchanged") == 2
    changed = knarr("apply -f -", stdin=WEB.replace("web:1", "web:2").replace('a: "1"', "b: x"))
    assert changed.out == "deployment.apps/web configured\nconfigmap/settings configured\n"
    assert knarr("get cm settings -o jsonpath={.data}").out == '{"b":"x"}'
    assert knarr("get deploy web -o jsonpath={..image}").out == "web:2"


def test_tables_and_forms(knarr: Run) -> None:
    knarr("apply -f web.yaml")
    table = knarr("get deploy")
    assert table.out.split()[:5] == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert knarr("get deploy,cm -o name").out.splitlines()[0] == "deployment.apps/web"
    assert "deployment.apps/web" in knarr("get deploy/web cm/settings").out
    assert yaml.safe_load(knarr("get deploy web -o yaml").out)["metadata"]["name"] == "web"
    listed = json.loads(knarr("get cm -o json -l none=1").out)
    assert (listed["kind"], listed["items"]) == ("List", [])
    columns = knarr("get deploy -o custom-columns=N:.metadata.name,R:.spec.replicas")
    assert columns.out.split() == ["N", "R", "web", "2"]
    assert knarr("get ns --no-headers --sort-by=.metadata.name").out.startswith("default ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("get pod nothing", 'Error from server (NotFound): pods "nothing" not found'),
        ("get nosuch", 'error: the server doesn\'t have a resource type "nosuch"'),
        ("get pods -l a=b x", "error: name cannot be provided when a selector is specified"),
        ("get pods -o bogus", "error: unable to match a printer suitable for the output format"),
        ("get pods --bogus", "error: unknown flag: --bogus"),
        ("delete pods", "error: resource(s) were provided, but no name was specified"),
        ("delete -f none.yaml", 'error: the path "none.yaml" does not exist'),
        ("create deployment x", 'error: required flag(s) "image" not set'),
        ("scale deploy web", 'error: required flag(s) "replicas" not set'),
        ("label cm settings a=-b-", 'error: invalid label value: "a=-b-"'),
        ("run p --image=nginx --port=abc", "error: --port must be a number"),
        ("run p --image=nginx --env=a", "error: invalid env: a"),
        ("run p --image=nginx --restart=x", "error: invalid restart policy: x, valid values are:"),
        ("run p --image='a b'", 'error: invalid image name "a b": invalid reference format'),
        ("create service clusterip c", "error: at least one tcp port specifier must be provided"),
        ("create service externalname e --external-name=-e-", "error: invalid service external"),
        ("create quota q --hard=cpu", "error: Invalid argument syntax cpu, expected"),
        ("create quota q --hard=cpu=1x", "error: quantities must match the regular expression"),
        ("create pdb p --selector=a=b --min-available=x", "error: invalid format specified for"),
        ("create pdb p --min-available=1", "error: a selector must be specified"),
        ("create ingress i", "error: not enough information provided: every ingress has to"),
        ("create clusterrole r --verb=get --non-resource-url=x", "error: nonResourceURL should"),
        ("create secret docker-registry r --docker-username=u", "error: either --from-file or the"),
        ("create secret tls t", "error: key and cert must be specified"),
        ("delete pod x --all", "error: name cannot be provided when a selector is specified"),
        ("delete pods --all --now --force", "error: --force and --grace-period greater than 0"),
        ("wait --for=condition=Ready", "error: You must provide one or more resources by"),
        ("events --types=bogus", "error: valid --types are Normal or Warning"),
        ("rollout bogus", 'error: unknown command "bogus"'),
        ("cp a b", "error: one of src or dest must be a remote file specification"),
        ("taint nodes n a=b:Bogus", "error: invalid taint effect: Bogus, unsupported taint effect"),
        ("bogus", 'error: unknown command "bogus" for "knarr"'),
        ("get podss", 'did you mean "pods"?'),
        ("--context none get pods", 'error: context "none" does not exist'),
        ("get pods -s grpc://127.0.0.1:1", "was refused"),
    ],
)
def test_failures_have_one_line_and_end_with_1(knarr: Run, line: str, message: str) -> None:
    result = knarr(line)
    assert result.code == 1
    assert message in result.err


def test_odd_verbs_are_warned_of(knarr: Run) -> None:
    result = knarr("create role r --verb=fetch --resource=pods --dry-run=client -o name")
    assert (result.code, result.out) == (0, "role.rbac.authorization.k8s.io/r\n")
    assert result.err == "Warning: 'fetch' is not a standard resource verb\n"


def test_who_may_not_is_told(knarr: Run) -> None:
    result = knarr("--context bob get pods")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(
        'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods"'
    )
    assert knarr("--context bob auth can-i list pods").out.startswith("no")
    assert knarr("auth can-i list pods").out == "yes\n"


def test_acting_for_another(knarr: Run) -> None:
    assert knarr("auth can-i list pods --as=bob").out.startswith("no")
    assert "bob" in knarr("auth whoami --as=bob --as-group=crew").out
    refused = knarr("--context bob --as=admin get pods")
    assert (refused.code, refused.out) == (1, "")
    assert "cannot impersonate" in refused.err


def test_changes(knarr: Run) -> None:
    knarr("apply -f web.yaml")
    assert knarr("scale deploy/web --replicas=5").out == "deployment.apps/web scaled\n"
    assert knarr("get deploy web -o jsonpath={.spec.replicas}").out == "5"
    assert knarr("label deploy web tier=front").out == "deployment.apps/web labeled\n"
    assert knarr("label deploy web tier=back").code == 1
    assert knarr("label deploy web tier-").out == "deployment.apps/web unlabeled\n"
    assert knarr("annotate deploy web note=x").out == "deployment.apps/web annotated\n"
    assert knarr("set image deploy/web web=web:9").out == "deployment.apps/web image updated\n"
    assert knarr("set env deploy/web A=1").out == "deployment.apps/web env updated\n"
    assert knarr("set env deploy/web --list").out.splitlines()[1] == "A=1"
    patched = knarr('patch deploy web --type=merge -p \'{"spec":{"replicas":1}}\'')
    assert patched.out == "deployment.apps/web patched\n"
    assert knarr("rollout pause deploy/web").out == "deployment.apps/web paused\n"
    assert knarr("rollout pause deploy/web").code == 1
    assert knarr("rollout resume deploy/web").out == "deployment.apps/web resumed\n"
    assert "Replicas:" in knarr("describe deploy web").out


def test_delete_waits_and_says_so(knarr: Run) -> None:
    knarr("create cm gone --from-literal=a=b")
    assert knarr("delete cm gone").out == 'configmap "gone" deleted from default namespace\n'
    assert knarr("get cm gone").code == 1
    assert knarr("delete cm gone --ignore-not-found").code == 0
    knarr(
        "create -f -",
        stdin='{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"held","finalizers":["a.b/c"]}}',
    )
    held = knarr("delete cm held --timeout=1s")
    assert (held.code, held.err) == (
        1,
        "error: timed out waiting for the condition on configmaps/held\n",
    )
    assert "finalizers: a.b/c" in knarr("why cm held").out
    knarr('patch cm held --type=merge -p \'{"metadata":{"finalizers":null}}\'')
    assert knarr("wait --for=delete cm/held --timeout=5s").code == 0


def test_custom_resources_are_as_good(knarr: Run) -> None:
    assert knarr("create -f -", stdin=CRD).code == 0
    ship = (
        '{"apiVersion":"example.com/v1","kind":"Ship","metadata":{"name":"cog"},"spec":{"crew":3}}'
    )
    created = knarr("apply -f -", stdin=ship)
    if "could not find the requested resource" in created.err:
        pytest.skip("the server does not serve custom resources")
    assert created.out == "ship.example.com/cog created\n"
    assert knarr("get sh -o name").out == "ship.example.com/cog\n"
    assert knarr("get ships").out.split()[0] == "NAME"
    assert knarr("apply -f -", stdin=ship.replace("3", "4")).out.endswith("configured\n")
    assert "crew" in knarr("explain ship.spec").out
    assert knarr("delete ship cog").code == 0


def test_why_names_cause_and_cure(knarr: Run) -> None:
    knarr("create service clusterip lost --tcp=80")
    told = knarr("why service/lost")
    assert "no pod has the labels of its selector: app=lost" in told.out
    assert "fix: make selector and the pod template's labels the same" in told.out
    knarr("create -f -", stdin=yaml.safe_dump({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "disk"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none",
                 "resources": {"requests": {"storage": "1Gi"}}},
    }))  # fmt: skip
    assert 'the StorageClass "none" does not exist' in knarr("why pvc disk").out
    knarr("create serviceaccount default")
    knarr("run alone --image=x")
    assert "the cluster has no node" in knarr("why pod alone").out


def test_generators_show_what_they_would_make(knarr: Run) -> None:
    made = yaml.safe_load(knarr("create deployment d --image=a:1 --dry-run=client -o yaml").out)
    assert made["spec"]["template"]["spec"]["containers"] == [
        {"image": "a:1", "name": "a", "resources": {}}
    ]
    run = yaml.safe_load(knarr("run r --image=b --dry-run=client -o yaml -- sleep 1").out)
    assert run["spec"]["containers"][0]["args"] == ["sleep", "1"]
    assert knarr("create cm m --from-literal=a=b --dry-run=server").out == (
        "configmap/m created (server dry run)\n"
    )


def test_config_changes_the_file(knarr: Run, folder: Path) -> None:
    assert knarr("config current-context").out == "knarr\n"
    assert knarr("config set-context other --cluster=knarr --user=admin").code == 0
    assert "other" in knarr("config get-contexts -o name").out.split()
    assert knarr("--context other get ns -o name").code == 0
    assert knarr("config delete-context other").code == 0
    assert "secret" not in knarr("config view").out
