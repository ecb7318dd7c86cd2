"""An example of every flag, as help shows it below the flag; a test runs them all."""

from typing import Any

from knarr.cli.flags import Flag

VALUES: dict[str, str] = {
    "accept-hosts": "'^localhost$'", "accept-paths": "'^/api/.*'", "address": "127.0.0.1",
    "aggregation-rule": "tier=team", "annotation": "note=first", "annotations": "note=first",
    "api-group": "apps", "api-prefix": "/api/", "api-version": "v1", "as": "alice",
    "as-group": "crew", "as-uid": "1000", "as-user-extra": "reason=test",
    "audience": "vault", "auth-provider": "oidc", "auth-provider-arg": "a=b",
    "bound-object-kind": "Pod", "bound-object-name": "web", "bound-object-uid": "1",
    "cache-dir": "/tmp/cache", "cascade": "foreground", "categories": "all", "cert": "tls.crt",
    "certificate-authority": "ca.crt", "chunk-size": "10", "class": "nginx",
    "client-certificate": "tls.crt", "client-key": "tls.key", "cluster": "knarr",
    "cluster-ip": "None", "clusterip": "None", "clusterrole": "view", "concurrency": "2",
    "container": "web", "containers": "web", "context": "knarr", "copy-to": "web-copy",
    "cpu": "80%", "cpu-percent": "80", "current-replicas": "3", "custom": "container.yaml",
    "default-backend": "web:80", "description": "important", "detach-keys": "ctrl-x",
    "docker-email": "a@example.com", "docker-password": "secret", "docker-server": "r.example",
    "docker-username": "alice", "dry-run": "server", "duration": "10m", "env": "A=1",
    "exec-api-version": "client.authentication.k8s.io/v1", "exec-arg": "--quiet",
    "exec-command": "get-token", "exec-env": "A=1", "exec-interactive-mode": "Never",
    "external-ip": "192.0.2.1", "external-name": "db.example.com", "field-manager": "me",
    "field-selector": "metadata.name=web", "filename": "web.yaml", "for": "pod/web",
    "from": "configmap/settings", "from-env-file": "settings.env", "from-file": "settings.env",
    "from-literal": "a=1", "grace-period": "1", "group": "crew", "hard": "pods=10",
    "helm-api-versions": "v1", "helm-command": "helm", "helm-kube-version": "1.36",
    "image": "web:1", "image-pull-policy": "IfNotPresent", "interval": "1s",
    "keepalive": "30s", "key": "tls.key", "keys": "a", "kubeconfig": "config", "kuberc": "off",
    "kustomize": "overlay", "label-columns": "app", "labels": "app=web", "limit-bytes": "1000",
    "limits": "cpu=200m", "load-balancer-ip": "192.0.2.2",
    "load-restrictor": "LoadRestrictionsRootOnly", "log-flush-frequency": "5s", "max": "5",
    "max-depth": "1", "max-log-requests": "5", "max-unavailable": "1", "memory": "80%",
    "min": "2", "min-available": "1", "mount": "type=bind,src=a,dst=b", "name": "front",
    "namespace": "default", "namespaces": "default", "network-name": "bridge",
    "node-port": "30123", "non-resource-url": "/healthz", "output": "yaml",
    "output-directory": "dump", "override-type": "merge", "overrides": """'{"metadata":{}}'""",
    "password": "secret", "patch": """'{"metadata":{"labels":{"a":"b"}}}'""",
    "patch-file": "patch.yaml", "pod-running-timeout": "30s", "pod-selector": "app=web",
    "port": "80", "preemption-policy": "Never", "prefix": "MY_", "profile": "general",
    "profile-output": "profile", "protocol": "TCP", "proxy-url": "http://127.0.0.1:3128",
    "prune-allowlist": "core/v1/ConfigMap", "raw": "/api/v1/namespaces", "reason": "first",
    "reject-methods": "POST", "reject-paths": "'^/api/v1/secrets'", "replicas": "3",
    "request-timeout": "30s", "requests": "cpu=100m", "resource": "pods",
    "resource-name": "web", "resource-version": "1", "restart": "Never", "retries": "3",
    "revision": "1", "role": "reader", "rule": "'example.com/*=web:80'",
    "schedule": "'*/5 * * * *'", "scopes": "BestEffort", "selector": "app=web",
    "server": "https://127.0.0.1:6443", "serviceaccount": "default:robot",
    "session-affinity": "ClientIP", "set-image": "'*=web:2'", "since": "1h",
    "since-time": "2026-01-01T00:00:00Z", "skip-wait-for-delete-timeout": "10",
    "sort-by": ".metadata.name", "subresource": "status", "tail": "5", "target": "web",
    "target-port": "8080", "tcp": "80:8080", "template": "'{{.metadata.name}}'",
    "timeout": "30s", "tls-server-name": "kubernetes", "to-revision": "1", "token": "secret",
    "type": "merge", "types": "Warning", "unix-socket": "proxy.sock", "user": "alice",
    "username": "alice", "v": "2", "validate": "warn", "value": "1000", "verb": "get",
    "verbs": "list", "vmodule": "get=2", "www": "pages", "www-prefix": "/pages/",
}  # fmt: skip
"""Values by the flag's name."""

OF_COMMANDS: dict[tuple[str, str], str] = {
    ("api-resources", "output"): "wide",
    ("api-resources", "sort-by"): "kind",
    ("apply view-last-applied", "output"): "json",
    ("apply", "prune-allowlist"): "core/v1/ConfigMap",
    ("create rolebinding", "role"): "reader",
    ("create secret generic", "type"): "Opaque",
    ("create token", "bound-object-uid"): "1",
    ("delete", "output"): "name",
    ("delete", "raw"): "/api/v1/namespaces/default/configmaps/page",
    ("create", "raw"): "/api/v1/namespaces/default/configmaps",
    ("events", "for"): "pod/web",
    ("explain", "output"): "plaintext",
    ("expose", "type"): "NodePort",
    ("expose", "target-port"): "8080",
    ("get", "subresource"): "scale",
    ("kustomize", "env"): "A=1",
    ("kustomize", "output"): "built.yaml",
    ("patch", "subresource"): "scale",
    ("replace", "raw"): "/api/v1/namespaces/default/configmaps/page",
    ("top node", "sort-by"): "cpu",
    ("top pod", "sort-by"): "memory",
    ("wait", "for"): "condition=Ready",
    ("auth can-i", "subresource"): "log",
    ("config get-contexts", "output"): "name",
    ("proxy", "port"): "0",
    ("create service clusterip", "clusterip"): "None",
    ("create quota", "scopes"): "BestEffort",
    ("set subject", "group"): "crew",
    ("version", "output"): "json",
    ("trace", "for"): "1s",
    ("scale", "timeout"): "1s",
}
"""Values of flags that mean something else in one command."""


def example_of(command: str, flag: Flag) -> str:
    """A flag as it may stand on a command line: `--selector=app=web`."""
    if flag.type == "truth":
        return f"--{flag.name}=false" if flag.default else f"--{flag.name}"
    return f"--{flag.name}={_value(command, flag)}"


def _value(command: str, flag: Flag) -> str:
    known: Any = OF_COMMANDS.get((command, flag.name)) or VALUES.get(flag.name)
    if known is not None:
        return str(known)
    return {"number": "1", "duration": "30s"}.get(flag.type) or str(flag.default)
