# The Docker lab: a real engine in the namespace of dhost. No image is pulled: the only one is made from busybox-static.

docker_tools=("${plain_tools[@]}" dockerd docker containerd runc)

engine() { docker -H "unix://$(state_dir docker)/docker.sock" "$@"; }

docker_up() {
  local state
  state=$(state_dir docker)
  mkdir -p "$state"
  make_namespaces dhost wan far
  make_uplink
  engine_up "$state"
  make_www "$state/www"
  image_from_busybox "$state"
  # In this order, so that the addresses are web .2, c1 .3, c2 .4.
  docker_container web -p 88:80 busybox:lab httpd -f -p 80 -h /www
  docker_container c1 busybox:lab sleep 1000000
  docker_container c2 busybox:lab sleep 1000000
  must dhost sysctl -q -w net.ipv6.conf.docker0.disable_ipv6=0
  give_containers_ipv6
  daemon wan busybox httpd -f -p 80 -h "$state/www"
  touch "$state/up"
}

# nsenter, not `ip netns exec`: that one would lay another /sys over the cgroups that the engine needs.
# LAB_ENGINE_OPTIONS: more of dockerd's options, as --userland-proxy=false.
engine_up() {
  local state=$1 try options
  read -ra options <<<"${LAB_ENGINE_OPTIONS:-}"
  daemon dhost dockerd --data-root "$state/data" --exec-root "$state/exec" -H "unix://$state/docker.sock" \
    --pidfile "$state/docker.pid" --storage-driver vfs --cgroup-parent "/$LAB_NAME-docker" --log-level warn "${options[@]}"
  for try in {1..600}; do
    if engine version >/dev/null 2>&1; then return; fi
    sleep 0.2
  done
  refuse "dockerd did not answer: $(tail -n 3 "$state/log")"
}

image_from_busybox() {
  local root=$1/rootfs
  mkdir -p "$root"/{bin,proc,sys,dev,tmp,etc}
  cp -r "$1/www" "$root/www"
  cp "$(command -v busybox)" "$root/bin/busybox"
  # Only busybox's own list: its --install would follow the links of the machine it runs on.
  local applet
  for applet in $("$root/bin/busybox" --list); do
    if [[ $applet != busybox ]]; then ln -sf busybox "$root/bin/$applet"; fi
  done
  tar -C "$root" -c . | engine import - busybox:lab >/dev/null
}

# docker_container <name> <docker run arguments…>; its namespace becomes a named one, as in the plain lab.
docker_container() {
  local name=$1
  shift
  engine run -d --name "$name" --hostname "$name" "$@" >/dev/null
  ip netns attach "$(netns docker "$name")" "$(engine inspect -f '{{.State.Pid}}' "$name")"
}

# The same for one case: it goes when that is over.
docker_guest() {
  undo docker_gone "$1"
  docker_container "$@"
}

docker_gone() {
  engine rm -f "$1" >/dev/null
  ip netns del "$(netns docker "$1")"
}

docker_address() { engine inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }

# A network app of this subnet, on a bridge of its own (br-app), and a container app in it, of which the rest is said as to docker run. Both go when the case is over.
docker_app() {
  local subnet=$1
  shift
  undo engine network rm app
  engine network create --subnet "$subnet" -o com.docker.network.bridge.name=br-app app >/dev/null
  docker_guest app --network app "$@"
}

docker_down() {
  local state containers
  state=$(state_dir docker)
  if engine version >/dev/null 2>&1; then
    mapfile -t containers < <(engine ps -aq)
    if ((${#containers[@]} > 0)); then engine rm -f "${containers[@]}" >/dev/null; fi
  fi
  if [[ -s $state/docker.pid ]]; then engine_down "$(<"$state/docker.pid")"; fi
  remove_namespaces
  if [[ -d $state ]]; then unmount_under "$state"; fi
  find /sys/fs/cgroup -depth -type d -path "*/$LAB_NAME-docker*" -exec rmdir {} + 2>/dev/null || true
  rm -rf "$state"
}

# SIGTERM to the engine, which ends its containerd; remove_namespaces deals with what does not listen.
engine_down() {
  local pid=$1 try
  kill -TERM "$pid" 2>/dev/null || return 0
  for try in {1..600}; do
    if [[ ! -e /proc/$pid ]]; then return; fi
    sleep 0.1
  done
}

unmount_under() {
  local target
  awk -v under="$1/" 'index($2, under) == 1 { print $2 }' /proc/mounts | sort -r | while read -r target; do
    umount -l "$target"
  done
}
