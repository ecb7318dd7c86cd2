"""Kustomizations built here are what kustomize itself builds; the hashes are its own."""

from pathlib import Path
from typing import Any

import pytest

from knarr.cli.kustomize.build import build
from knarr.cli.kustomize.generating import hash_of
from knarr.cli.kustomize.item import KustomizeError

Json = dict[str, Any]

OBJECTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      serviceAccountName: runner
      volumes: [{name: s, secret: {secretName: sec}}]
      containers:
      - {name: web, image: "nginx:1.15", envFrom: [{configMapRef: {name: conf}}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reads}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: runner}, {kind: ServiceAccount, name: other, namespace: z}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [configmaps], resourceNames: [conf], verbs: [get]}]
---
apiVersion: v1
kind: Namespace
metadata: {name: team}
"""
BASE = """
resources: [all.yaml]
configMapGenerator:
- {name: conf, literals: [a=1, "b=<x>&"], files: [f.txt, k=f.txt]}
secretGenerator:
- {name: sec, literals: [p=q]}
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "all.yaml").write_text(OBJECTS)
    (folder / "f.txt").write_text("hello\n")
    (folder / "kustomization.yaml").write_text(BASE)
    return folder


def over(base: Path, text: str, **files: str) -> dict[str, Json]:
    """What an overlay builds, by kind and first part of the name."""
    folder = base.parent / "over"
    folder.mkdir(exist_ok=True)
    (folder / "kustomization.yaml").write_text(f"resources: [../base]\n{text}")
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content)
    return {one["kind"]: one for one in build(folder)}


def test_objects_come_in_the_order_to_create_them(base: Path) -> None:
    assert [one["kind"] for one in build(base)] == [
        "Namespace", "ServiceAccount", "Role", "RoleBinding", "ConfigMap", "Secret", "Service",
        "Deployment",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("obj", "hashed"),
    [
        (
            {
                "kind": "ConfigMap",
                "data": {"a": "1", "b": "<x>&", "f.txt": "hello\n", "k": "hello\n"},
            },
            "b9dc2gtgg5",
        ),
        ({"kind": "Secret", "type": "Opaque", "data": {"p": "cQ=="}}, "hb2dth72f6"),
        (
            {"kind": "Secret", "type": "kubernetes.io/tls", "data": {"tls.crt": "aGVsbG8K"}},
            "58bfg64598",
        ),
    ],
)
def test_hashes_are_those_of_kustomize(obj: Json, hashed: str) -> None:
    assert hash_of({**obj, "metadata": {"name": "whatever"}}) == hashed


def test_references_follow_new_names(base: Path) -> None:
    found = over(base, 'namespace: prod\nnamePrefix: p-\nnameSuffix: "-1"\n')
    pod = found["Deployment"]["spec"]["template"]["spec"]
    name = found["ConfigMap"]["metadata"]["name"]
    assert name == "p-conf-1-b9dc2gtgg5"
    assert pod["containers"][0]["envFrom"] == [{"configMapRef": {"name": name}}]
    assert pod["volumes"][0]["secret"]["secretName"] == "p-sec-1-hb2dth72f6"
    assert pod["serviceAccountName"] == "p-runner-1"
    assert found["Role"]["rules"][0]["resourceNames"] == [name]
    binding = found["RoleBinding"]
    assert binding["roleRef"]["name"] == "p-reader-1"
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "p-runner-1", "namespace": "prod"},
        {"kind": "ServiceAccount", "name": "other", "namespace": "z"},
    ]
    assert found["Namespace"]["metadata"] == {"name": "prod"}
    assert found["Service"]["metadata"] == {"name": "p-web-1", "namespace": "prod"}


def test_labels_and_annotations_reach_what_they_must(base: Path) -> None:
    found = over(
        base,
        "commonLabels: {team: a}\ncommonAnnotations: {note: hi}\n"
        "labels: [{pairs: {env: p}}, {pairs: {t: u}, includeTemplates: true}]\n",
    )
    deployment = found["Deployment"]
    assert deployment["metadata"]["labels"] == {"team": "a", "env": "p", "t": "u"}
    assert deployment["spec"]["selector"]["matchLabels"] == {"app": "web", "team": "a"}
    template = deployment["spec"]["template"]["metadata"]
    assert template == {
        "labels": {"app": "web", "team": "a", "t": "u"},
        "annotations": {"note": "hi"},
    }
    assert found["Service"]["spec"]["selector"] == {"app": "web", "team": "a"}


def test_images_and_replicas(base: Path) -> None:
    found = over(
        base,
        'images: [{name: nginx, newName: my/nginx, newTag: "2"}]\n'
        "replicas: [{name: web, count: 5}]\n",
    )
    spec = found["Deployment"]["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["containers"][0]["image"]) == (
        5,
        "my/nginx:2",
    )


def test_patches_of_both_kinds_and_generators_that_merge(base: Path) -> None:
    patch = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, resources: {limits: {cpu: "1"}}}]}}}
"""
    found = over(
        base,
        """
patches:
- path: patch.yaml
- target: {kind: Deploy.*, name: w.*}
  patch: |-
    [{"op": "add", "path": "/metadata/annotations", "value": {"jp": "1"}}]
- patch: |-
    $patch: delete
    apiVersion: v1
    kind: Namespace
    metadata: {name: team}
configMapGenerator: [{name: conf, behavior: merge, literals: [a=2]}]
""",
        patch=patch,
    )
    container = found["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["resources"]) == ("nginx:1.15", {"limits": {"cpu": "1"}})
    assert found["Deployment"]["metadata"]["annotations"] == {"jp": "1"}
    assert "Namespace" not in found
    assert (found["ConfigMap"]["data"]["a"], found["ConfigMap"]["data"]["k"]) == ("2", "hello\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("replacements: [{source: {kind: A}}]", 'field "replacements" is not built here'),
        ("helmCharts: [{name: x}]", 'field "helmCharts" is not built here'),
        ("resources: [none.yaml]", "accumulating resources from 'none.yaml'"),
        ("resources: [github.com/a/b?ref=c]", "is a repository"),
        ("resources: [../secret.yaml]", "security; file"),
        ("patches: [{}]", "must specify one of patch and path"),
        ("replicas: [{name: none, count: 1}]", "resource with name none does not match"),
        ("configMapGenerator: [{name: c, behavior: merge}]", "is to merge one that is not there"),
        ("kind: Component", "a Component is not built here"),
        ("resources: [../over]", "cycle detected"),
    ],
)
def test_what_cannot_be_built_is_said(tmp_path: Path, text: str, message: str) -> None:
    folder = tmp_path / "over"
    folder.mkdir()
    (tmp_path / "secret.yaml").write_text("kind: Secret")
    (folder / "kustomization.yaml").write_text(text)
    with pytest.raises(KustomizeError, match=message.replace("[", r"\[")):
        build(folder)
