# The Docker engine of the lab; lab.sh reads this. It is the one that answers. Where none does
# and we are root, we start one of our own, and take away what it leaves when we stop it.

# What the nodes' containers ask for beside what every container has: docker-compose.yml.
CAPABILITIES="12:NET_ADMIN 21:SYS_ADMIN 18:SYS_CHROOT 19:SYS_PTRACE 27:MKNOD 31:SETFCAP 33:MAC_ADMIN 34:SYSLOG"

answers() { docker version >/dev/null 2>&1; }

find_engine() { # [start]: the engine in use, ours where no other is there
  answers && return
  [ -z "${DOCKER_HOST:-}" ] || local asked=$DOCKER_HOST
  export DOCKER_HOST=unix://$engine/docker.sock
  answers && return
  [ "${1:-}" = start ] || return 1
  [ -z "${asked:-}" ] || [ "$asked" = "$DOCKER_HOST" ] ||
    fail "no Docker engine answers at DOCKER_HOST=$asked: start it, or unset DOCKER_HOST"
  may_start_engine
  start_engine
}

may_start_engine() { # End with the cause and the cure if we may not.
  if [ "$(id -u)" != 0 ]; then
    [ ! -S /var/run/docker.sock ] || [ -w /var/run/docker.sock ] ||
      fail "you may not use the Docker engine that is there: sudo usermod -aG docker $(id -un), then log in anew; or: sudo make lab"
    fail "no Docker engine answers: start it (sudo systemctl start docker), or let us start one: sudo make lab"
  fi
  command -v dockerd >/dev/null && command -v docker >/dev/null ||
    fail "no Docker engine answers, and dockerd is not installed: apt-get install docker.io, or https://docs.docker.com/engine/install"
  local held capability lacking=""
  held=$((16#$(awk '$1 == "CapBnd:" { print $2 }' /proc/self/status)))
  for capability in $CAPABILITIES; do
    [ $((held >> ${capability%%:*} & 1)) = 1 ] || lacking="$lacking ${capability#*:}"
  done
  [ -z "$lacking" ] ||
    fail "this machine does not let root do what nodes of the lab must:$lacking. In a container, start that with --privileged or --cap-add"
}

start_engine() {
  mkdir -p "$engine"
  echo '{}' >"$engine/empty.json"
  rm -f "$engine/pid" "$engine/exec/containerd/containerd.pid"
  keep_in_mind
  # Without docker0, which another engine on this machine may have or take away.
  setsid dockerd --bridge=none --config-file "$engine/empty.json" --data-root "$engine/data" \
    --exec-root "$engine/exec" --pidfile "$engine/pid" -H "$DOCKER_HOST" \
    --shutdown-timeout 5 >"$engine/log" 2>&1 </dev/null &
  local started=$!
  for _ in $(seq 200); do
    answers && { say "no Docker engine ran: started one, log in $engine/log"; return; }
    kill -0 $started 2>/dev/null ||
      fail "dockerd cannot start, see $engine/log: $(grep -v 'level=info' "$engine/log" | tail -n 1)"
    sleep 0.1
  done
  fail "dockerd does not answer, see $engine/log"
}

stop_engine() { # Nothing where the engine is not ours.
  [ -e "$engine/pid" ] || return 0
  local pid
  pid=$(cat "$engine/pid")
  kill -TERM "$pid" 2>/dev/null || true
  for _ in $(seq 200); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  put_back
}

other_engines() { # Numbers of engines that share our network, and so our rules.
  local here place
  here=$(readlink /proc/self/ns/net)
  for place in $(pidof dockerd); do
    [ "$(readlink "/proc/$place/ns/net" 2>/dev/null)" != "$here" ] || echo "$place"
  done
}

tables() { nft list tables 2>/dev/null || true; }

keep_in_mind() { # What there was before our engine came. Once: it may have been killed meanwhile.
  [ ! -e "$engine/before" ] && command -v nft >/dev/null || return 0
  mkdir -p "$engine/before"
  tables >"$engine/before/tables"
  cat /proc/sys/net/ipv4/ip_forward >"$engine/before/forward"
}

put_back() { # An engine leaves its tables behind, a closed FORWARD chain, and forwarding.
  [ -e "$engine/before" ] && [ -z "$(other_engines)" ] || return 0
  local family name
  while read -r _ family name; do
    if is_dockers "$family" "$name"; then nft delete table "$family" "$name"; fi
  done < <(tables | grep -vxFf "$engine/before/tables")
  if [ "$(tables)" = "$(cat "$engine/before/tables")" ]; then
    cat "$engine/before/forward" >/proc/sys/net/ipv4/ip_forward
  fi
  rm -r "$engine/before"
}

is_dockers() { # FAMILY TABLE: whether each rule is in a chain of Docker's or leads to one
  nft list table "$@" 2>/dev/null | awk '
    /^\tchain / { ours = $2 ~ /^DOCKER/; found += ours }
    /^\t\t[^ ]/ && !/^\t\ttype / && !/DOCKER/ && !ours { other = 1 }
    END { exit other || !found }'
}
