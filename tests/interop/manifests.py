"""What the tests run: containers are processes of this machine, so commands it has."""

ADDRESS = "env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]"
SERVE = f"""image: example.org/web:1
        command: [python3, -u, -m, http.server, --bind, $(POD_IP), "8099"]
        {ADDRESS}
        ports: [{{containerPort: 8099, name: http}}]
        readinessProbe: {{tcpSocket: {{port: 8099}}, periodSeconds: 1}}"""

POD = f"""
apiVersion: v1
kind: Pod
metadata: {{name: web, labels: {{app: web}}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
      - name: main
        {SERVE}
"""

IDLE = """
        image: example.org/idle:1
        command: [sleep, "1000"]"""

DEPLOYMENT = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: nginx-deployment, labels: {{app: nginx}}}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: nginx}}}}
  template:
    metadata: {{labels: {{app: nginx}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: nginx{IDLE}
"""

STATEFUL_SET = f"""
apiVersion: v1
kind: Service
metadata: {{name: myapp-svc}}
spec:
  clusterIP: None
  selector: {{app: myapp}}
  ports: [{{port: 80, name: web}}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: myapp}}
spec:
  serviceName: myapp-svc
  replicas: 2
  selector: {{matchLabels: {{app: myapp}}}}
  template:
    metadata: {{labels: {{app: myapp}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: myapp{IDLE}
"""

DAEMON_SET = f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: nginx-daemonset}}
spec:
  selector: {{matchLabels: {{app: agent}}}}
  template:
    metadata: {{labels: {{app: agent}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: agent{IDLE}
"""

JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: pi}
spec:
  backoffLimit: 4
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: pi
        image: example.org/pi:1
        command: [sh, -c, "echo 3.14159"]
"""

CRON_JOB = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: hello}
spec:
  schedule: "*/1 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
          - name: hello
            image: example.org/busybox:1
            command: [sh, -c, "date; echo Hello"]
"""
