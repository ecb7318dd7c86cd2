"""The table of commands: name, group, what it does, and the module that does it.

`main` loads the module of the command that is run, and no other.
"""

from typing import NamedTuple


class Entry(NamedTuple):
    """A row: the group it stands in, its line of help, and its module in `commands`."""

    group: str
    about: str
    module: str = ""


BASIC = "Basic Commands"
DEPLOY = "Deploy Commands"
MANAGE = "Cluster Management Commands"
DEBUG = "Troubleshooting and Debugging Commands"
ADVANCED = "Advanced Commands"
SETTINGS = "Settings Commands"
OTHER = "Other Commands"
KNARR = "Answers kubectl does not give"

GROUPS = (BASIC, DEPLOY, MANAGE, DEBUG, ADVANCED, SETTINGS, KNARR, OTHER)

TABLE: dict[str, Entry] = {
    "create": Entry(BASIC, "Create a resource from a file or from stdin", "create.table"),
    "expose": Entry(BASIC, "Make a new Service for a replica set, deployment, service or pod"),
    "run": Entry(BASIC, "Run a particular image on the cluster"),
    "set": Entry(BASIC, "Set specific features on objects"),
    "explain": Entry(BASIC, "Get documentation for a resource"),
    "get": Entry(BASIC, "Display one or many resources"),
    "edit": Entry(BASIC, "Edit a resource on the server"),
    "delete": Entry(BASIC, "Delete resources by file names, stdin, names or selectors"),
    "rollout": Entry(DEPLOY, "Manage the rollout of a resource"),
    "scale": Entry(DEPLOY, "Set a new size for a deployment, replica set or stateful set"),
    "autoscale": Entry(DEPLOY, "Have a deployment, replica set or stateful set scaled by itself"),
    "certificate": Entry(MANAGE, "Approve or deny certificate signing requests"),
    "cluster-info": Entry(MANAGE, "Display cluster information", "cluster_info"),
    "top": Entry(MANAGE, "Display resource (CPU/memory) usage"),
    "cordon": Entry(MANAGE, "Mark node as unschedulable"),
    "uncordon": Entry(MANAGE, "Mark node as schedulable"),
    "drain": Entry(MANAGE, "Drain node in preparation for maintenance"),
    "taint": Entry(MANAGE, "Update the taints on one or more nodes"),
    "describe": Entry(DEBUG, "Show details of a specific resource or group of resources"),
    "logs": Entry(DEBUG, "Print the logs for a container in a pod"),
    "attach": Entry(DEBUG, "Attach to a running container"),
    "exec": Entry(DEBUG, "Execute a command in a container"),
    "port-forward": Entry(DEBUG, "Forward local ports to a pod", "port_forward"),
    "proxy": Entry(DEBUG, "Run a proxy to the API server"),
    "cp": Entry(DEBUG, "Copy files and directories to and from containers"),
    "auth": Entry(DEBUG, "Inspect authorization"),
    "debug": Entry(DEBUG, "Create debugging sessions for workloads and nodes"),
    "events": Entry(DEBUG, "List events"),
    "diff": Entry(ADVANCED, "Diff the live version against a would-be applied version"),
    "apply": Entry(ADVANCED, "Apply a configuration to a resource by file name or stdin"),
    "patch": Entry(ADVANCED, "Update fields of a resource"),
    "replace": Entry(ADVANCED, "Replace a resource by file name or stdin"),
    "wait": Entry(ADVANCED, "Wait for a condition on one or many resources"),
    "kustomize": Entry(ADVANCED, "Build a kustomization target from a directory"),
    "label": Entry(SETTINGS, "Update the labels on a resource"),
    "annotate": Entry(SETTINGS, "Update the annotations on a resource"),
    "completion": Entry(SETTINGS, "Output shell completion code (bash, zsh, fish)"),
    "why": Entry(KNARR, "Say in plain words what is wrong and what would fix it"),
    "tree": Entry(KNARR, "Show what an object owns, and how ready it is"),
    "trace": Entry(KNARR, "Show the way of an object: each write, who made it, and when"),
    "snapshot": Entry(KNARR, "Keep all objects of a cluster in a file, and go back to them"),
    "api-resources": Entry(OTHER, "Print the supported API resources", "api_resources"),
    "api-versions": Entry(OTHER, "Print the supported API versions", "api_versions"),
    "config": Entry(OTHER, "Modify kubeconfig files"),
    "kubeconfig": Entry(OTHER, "Print the kubeconfig of the cluster that is meant"),
    "options": Entry(OTHER, "Print the flags that all commands take"),
    "plugin": Entry(OTHER, "Work with plugins: programs named knarr-…"),
    "version": Entry(OTHER, "Print the client and server version information"),
}

PARTS: dict[str, dict[str, str]] = {
    "create": {
        "deployment": "deploy", "job": "", "cronjob": "cj", "service": "svc",
        "configmap": "cm", "secret": "", "namespace": "ns", "serviceaccount": "sa",
        "role": "", "rolebinding": "", "clusterrole": "", "clusterrolebinding": "",
        "quota": "resourcequota", "ingress": "ing", "poddisruptionbudget": "pdb",
        "priorityclass": "pc", "token": "",
    },
    "create service": {"clusterip": "", "nodeport": "", "loadbalancer": "", "externalname": ""},
    "create secret": {"generic": "", "docker-registry": "", "tls": ""},
    "rollout": {
        "status": "", "history": "", "undo": "", "pause": "", "resume": "", "restart": "",
    },
    "set": {
        "image": "", "env": "", "resources": "", "serviceaccount": "sa", "selector": "",
        "subject": "",
    },
    "apply": {"view-last-applied": "", "set-last-applied": "", "edit-last-applied": ""},
    "auth": {"can-i": "", "whoami": "", "reconcile": ""},
    "certificate": {"approve": "", "deny": ""},
    "config": {
        "view": "", "get-contexts": "", "current-context": "", "use-context": "use",
        "set-context": "", "set-cluster": "", "set-credentials": "", "delete-context": "",
        "delete-cluster": "", "delete-user": "", "rename-context": "", "get-clusters": "",
        "get-users": "", "set": "", "unset": "",
    },
    "snapshot": {"save": "", "restore": ""},
    "top": {"node": "nodes", "pod": "pods"},
    "plugin": {"list": ""},
    "cluster-info": {"dump": ""},
}  # fmt: skip
"""What follows some commands, each with another spelling where it has one."""


def module_of(name: str) -> str:
    """The module of a command, by its whole name: `create secret tls`."""
    head = name.partition(" ")[0]
    module = TABLE[head].module or head.replace("-", "_")
    return f"knarr.cli.commands.{module}"
