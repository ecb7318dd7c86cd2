#!/usr/bin/env bash
# Start the cluster of this checkout, run examples/hello.yaml on it and show that it answers.
# Everything it says is an answer of the running cluster.
set -eu
cd "$(dirname "$0")/.."

knarr up --detach --runtime process
knarr apply -f examples/hello.yaml
knarr rollout status deployment/hello --timeout=60s
knarr get pods -l app=hello -o wide

address=$(knarr get service hello -o jsonpath='{.spec.clusterIP}')
python3 - "$address" <<'PYTHON'
import sys
import time
import urllib.request

url = f"http://{sys.argv[1]}:8080/"
for _ in range(50):  # The last endpoint may be a moment behind the last pod.
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            print(f"{url} answers {answer.status} {answer.reason}")
        break
    except OSError as error:
        last = error
        time.sleep(0.1)
else:
    sys.exit(f"{url} does not answer: {last}")
PYTHON
knarr resolve hello.default.svc.cluster.local
echo "try: knarr get pods -w    knarr logs deploy/hello -f    knarr scale deployment/hello --replicas=20"
