"""Things that are broken, each in its own way, and what `knarr why` must say of them."""

from typing import Any, NamedTuple

Json = dict[str, Any]

FOREVER = ["sleep", "1000"]


class Case(NamedTuple):
    """One failure: what is asked about, the words that name its cause, the objects that have it."""

    about: str
    cause: str
    objects: tuple[Json, ...]


def obj(kind: str, name: str, api: str = "v1", **fields: Any) -> Json:
    meta = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": api, "kind": kind, "metadata": meta, **fields}


def container(**fields: Any) -> Json:
    return {"name": "c", "image": "none", "command": FOREVER, **fields}


def pod(name: str, *, labels: Json | None = None, box: Json | None = None, **spec: Any) -> Json:
    whole = {"terminationGracePeriodSeconds": 1, "containers": [box or container()], **spec}
    return obj("Pod", name, metadata={"labels": labels or {"name": name}}, spec=whole)


def template(name: str, **fields: Any) -> Json:
    spec = {"terminationGracePeriodSeconds": 0, "containers": [container(**fields)]}
    return {"metadata": {"labels": {"name": name}}, "spec": spec}


def workload(kind: str, name: str, *, box: Json | None = None, **spec: Any) -> Json:
    made = {
        "selector": {"matchLabels": {"name": name}}, "template": template(name, **(box or {})),
        **spec,
    }  # fmt: skip
    return obj(kind, name, "apps/v1", spec=made)


def in_space(space: str, one: Json) -> Json:
    return {**one, "metadata": {**one["metadata"], "namespace": space}}


def service(name: str, selector: Json | None, port: Any = 80) -> Json:
    spec: Json = {"ports": [{"port": 80, "targetPort": port}]}
    if selector is not None:
        spec["selector"] = selector
    return obj("Service", name, spec=spec)


def claim(name: str, class_name: str) -> Json:
    spec = {
        "accessModes": ["ReadWriteOnce"], "storageClassName": class_name,
        "resources": {"requests": {"storage": "1Gi"}},
    }  # fmt: skip
    return obj("PersistentVolumeClaim", name, spec=spec)


def job(name: str, command: list[str], **spec: Any) -> Json:
    made = {
        "containers": [container(command=command)], "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
    }  # fmt: skip
    return obj("Job", name, "batch/v1", spec={"template": {"spec": made}, **spec})


def near(which: str, key: str = "kubernetes.io/hostname", **labels: str) -> Json:
    term = {"topologyKey": key, "labelSelector": {"matchLabels": labels}}
    return {which: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def probe(kind: str, *, command: str = "exit 1") -> Json:
    spec = {"exec": {"command": ["sh", "-c", command]}, "periodSeconds": 1, "failureThreshold": 1}
    return container(**{f"{kind}Probe": spec})


SPREAD = [{
    "maxSkew": 1, "topologyKey": "nowhere", "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {"matchLabels": {"name": "spread"}},
}]  # fmt: skip
DISK = [{"name": "d", "persistentVolumeClaim": {"claimName": "none"}}]
WAITING_DISK = [{"name": "d", "persistentVolumeClaim": {"claimName": "classless"}}]
SECRET = [{"name": "s", "secret": {"secretName": "none"}}]
ENV = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "a"}}}]
TAKEN = container(ports=[{"containerPort": 8099, "hostPort": 8099}])

UNSCHEDULABLE = (
    Case("pod/cpu", "too little cpu is left on 1 node", (
        pod("cpu", box=container(resources={"requests": {"cpu": "9000"}})),)),
    Case("pod/memory", "too little memory is left on 1 node", (
        pod("memory", box=container(resources={"requests": {"memory": "900Ti"}})),)),
    Case("pod/device", "too little example.com/gpu is left on 1 node", (
        pod("device", box=container(resources={"limits": {"example.com/gpu": "1"}})),)),
    Case("pod/choosy", "nodeSelector or nodeAffinity ask for are missing", (
        pod("choosy", nodeSelector={"disk": "ssd"}),)),
    Case("pod/port-b", "the hostPort is taken", (
        pod("port-a", box=TAKEN), pod("port-b", box=TAKEN))),
    Case("pod/lonely", "no pod runs that the podAffinity wants near", (
        pod("lonely", affinity=near("podAffinity", name="nobody")),)),
    Case("pod/hermit-b", "a pod runs that the podAntiAffinity keeps away", (
        pod("hermit-a", labels={"name": "hermit"}),
        pod("hermit-b", labels={"name": "hermit"},
            affinity=near("podAntiAffinity", name="hermit")))),
    Case("pod/spread", "the topologySpreadConstraints would be broken", (
        pod("spread", topologySpreadConstraints=SPREAD),)),
    Case("pod/diskless", "the claim none does not exist", (pod("diskless", volumes=DISK),)),
    Case("pod/undisked", "its claim has no volume yet", (pod("undisked", volumes=WAITING_DISK),)),
    Case("pod/gated", "it waits for its scheduling gates: a/b", (
        pod("gated", schedulingGates=[{"name": "a/b"}]),)),
    Case("pod/foreign", 'it wants the scheduler "mine"', (pod("foreign", schedulerName="mine"),)),
)  # fmt: skip

CONTAINERS = (
    Case("pod/unconfigured", 'its configuration is incomplete: configmap "none" not found', (
        pod("unconfigured", box=container(env=ENV)),)),
    Case("pod/unmounted", "a volume cannot be mounted", (pod("unmounted", volumes=SECRET),)),
    Case("pod/crashing", "exit code 3", (
        pod("crashing", box=container(command=["sh", "-c", "exit 3"])),)),
    Case("pod/typo", "it cannot be started: ", (
        pod("typo", box=container(command=["no-such-program"])),)),
    Case("pod/forbidden", "may not be executed", (
        pod("forbidden", box=container(command=["sh", "-c", "exit 126"])),)),
    Case("pod/done", "its command finished at once, with success", (
        pod("done", box=container(command=["true"])),)),
    Case("pod/imageless", 'image "nginx" cannot be run', (
        pod("imageless", box={"name": "c", "image": "nginx"}),)),
    Case("pod/beginning", 'init container "i"', (
        pod("beginning", initContainers=[{**container(command=["false"]), "name": "i"}]),)),
    Case("pod/unlively", "Liveness probe failed", (pod("unlively", box=probe("liveness")),)),
    Case("pod/unready", "it gets no traffic until the probe succeeds", (
        pod("unready", box=probe("readiness")),)),
    Case("pod/unstarted", "Startup probe failed", (pod("unstarted", box=probe("startup")),)),
    Case("pod/late", "it ran longer than activeDeadlineSeconds allows", (
        pod("late", activeDeadlineSeconds=1, restartPolicy="Never"),)),
    Case("pod/ungated", "its readiness gate a/b is not met", (
        pod("ungated", readinessGates=[{"conditionType": "a/b"}]),)),
)  # fmt: skip

REQUESTS = {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "2"}}}
WORKLOADS = (
    Case("-n full deployment/big", "a quota forbids more pods", (
        obj("Namespace", "full"),
        in_space("full", obj("ResourceQuota", "q", spec={"hard": {"requests.cpu": "1"}})),
        in_space("full", workload("Deployment", "big", box=REQUESTS)))),
    Case("-n strict deployment/mute", "a quota wants every pod to say what it needs", (
        obj("Namespace", "strict"),
        in_space("strict", obj("ResourceQuota", "q", spec={"hard": {"limits.cpu": "1"}})),
        in_space("strict", workload("Deployment", "mute")))),
    Case("-n small deployment/wide", "a limit range forbids its size", (
        obj("Namespace", "small"),
        in_space("small", obj("LimitRange", "l", spec={
            "limits": [{"type": "Container", "max": {"cpu": "1"}}]})),
        in_space("small", workload("Deployment", "wide", box=REQUESTS)))),
    Case("deployment/nobody", "its service account does not exist", (
        workload("Deployment", "nobody", template={
            **template("nobody"),
            "spec": {**template("nobody")["spec"], "serviceAccountName": "none"}}),)),
    Case("deployment/stuck", "made no progress within progressDeadlineSeconds", (
        workload("Deployment", "stuck", progressDeadlineSeconds=1,
                 box={"readinessProbe": {"exec": {"command": ["false"]}}}),)),
    Case("deployment/paused", "it is paused: changes are kept back", (
        workload("Deployment", "paused", paused=True),)),
    Case("deployment/none", "it is scaled to zero", (
        workload("Deployment", "none", replicas=0),)),
    Case("daemonset/nowhere", "no node suits its nodeSelector and tolerations", (
        workload("DaemonSet", "nowhere", template={
            **template("nowhere"),
            "spec": {**template("nowhere")["spec"], "nodeSelector": {"a": "b"}}}),)),
    Case("statefulset/first", "ends again and again", (
        workload("StatefulSet", "first", serviceName="first", box={"command": ["false"]}),)),
    Case("job/failing", "its pods failed more often than backoffLimit allows", (
        job("failing", ["false"], backoffLimit=0),)),
    Case("job/slow", "it ran longer than activeDeadlineSeconds allows", (
        job("slow", FOREVER, activeDeadlineSeconds=1),)),
    Case("job/asleep", "it is suspended: no pods are made", (
        job("asleep", FOREVER, suspend=True),)),
    Case("cronjob/asleep", "it is suspended: no jobs are made", (
        obj("CronJob", "asleep", "batch/v1", spec={
            "schedule": "* * * * *", "suspend": True,
            "jobTemplate": {"spec": job("x", FOREVER)["spec"]}}),)),
    Case("cronjob/yearly", "its time has not come yet: the schedule is 0 0 1 1 *", (
        obj("CronJob", "yearly", "batch/v1", spec={
            "schedule": "0 0 1 1 *", "jobTemplate": {"spec": job("x", FOREVER)["spec"]}}),)),
    Case("hpa/aimless", "it cannot scale", (
        obj("HorizontalPodAutoscaler", "aimless", "autoscaling/v2", spec={
            "maxReplicas": 3, "scaleTargetRef": {
                "apiVersion": "apps/v1", "kind": "Deployment", "name": "nowhere"}}),)),
)  # fmt: skip

OTHERS = (
    Case("service/lost", "no pod has the labels of its selector: app=lost", (
        service("lost", {"app": "lost"}),)),
    Case("service/idle", "none of its 1 pods is ready, so it has no endpoints", (
        service("idle", {"name": "unready"}),)),
    Case("service/misnamed", 'its targetPort is named "http"', (
        service("misnamed", {"name": "port-a"}, "http"),)),
    Case("service/wrong", "its targetPort is 81, and the pods declare only 8099", (
        service("wrong", {"name": "port-a"}, 81),)),
    Case("service/bare", "it has no selector and nobody made endpoints", (service("bare", None),)),
    Case("pvc/classless", 'the StorageClass "none" does not exist', (claim("classless", "none"),)),
    Case("ingress/front", 'the IngressClass "none" does not exist', (
        obj("Ingress", "front", "networking.k8s.io/v1", spec={
            "ingressClassName": "none",
            "rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {
                "service": {"name": "gone", "port": {"number": 80}}}}]}}]}),)),
    Case("ingress/front", 'its service "gone" does not exist', ()),
    Case("rolebinding/hollow", "its Role none does not exist", (
        obj("RoleBinding", "hollow", "rbac.authorization.k8s.io/v1",
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "none"},
            subjects=[{"kind": "User", "name": "alice",
                       "apiGroup": "rbac.authorization.k8s.io"}]),)),
    Case("access list pods --as=bob", "no binding gives bob a role that allows", ()),
    Case("access list pods --as=alice", "the Role none, which does not exist", ()),
    Case("pdb/empty", "its selector finds no pods", (
        obj("PodDisruptionBudget", "empty", "policy/v1", spec={
            "minAvailable": 1, "selector": {"matchLabels": {"name": "nobody"}}}),)),
    Case("pdb/tight", "it allows no eviction: 1 of 1 pods are healthy", (
        obj("PodDisruptionBudget", "tight", "policy/v1", spec={
            "minAvailable": 1, "selector": {"matchLabels": {"name": "port-a"}}}),)),
)  # fmt: skip

CASES = (*UNSCHEDULABLE, *CONTAINERS, *WORKLOADS, *OTHERS)
