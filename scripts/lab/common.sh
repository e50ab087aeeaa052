# What every part of the lab uses: names, refusals, namespaces, processes that are ended by id, and the undo list.

# Labs of different names do not see each other.
LAB_NAME=${LAB_NAME:-natcorr}
LAB_PLACES=(dhost wan far web c1 c2)

# The Debian package of each tool that the lab cannot do without.
declare -rA PACKAGE_OF=(
  [ip]=iproute2 [ss]=iproute2 [tc]=iproute2 [nsenter]=util-linux [setsid]=util-linux [sysctl]=procps
  [iptables]=iptables [ip6tables]=iptables [nft]=nftables [conntrack]=conntrack [tcpdump]=tcpdump [busybox]=busybox-static
  [ping]=iputils-ping [traceroute]=traceroute [ethtool]=ethtool [socat]=socat [node]=nodejs [python3]=python3 [dumpcap]=wireshark-common
  [dockerd]=docker.io [docker]=docker.io [containerd]=containerd [runc]=runc
)

say() { printf 'lab: %s\n' "$*" >&2; }

# Status 1 is for what cannot be done here, 2 for wrong usage.
refuse() { say "$*"; exit 1; }
misuse() { say "$*"; exit 2; }

need_root() {
  if ((EUID != 0)); then refuse "needs root: it makes network namespaces and captures on their interfaces"; fi
}

need_tools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || refuse "needs $tool; on Debian: apt-get install ${PACKAGE_OF[$tool]}"
  done
}

# Where a lab keeps its files while it is up.
state_dir() { echo "/run/natcorr-lab/$LAB_NAME-$1"; }

# The network namespace that stands for a place (dhost, wan, far, web, c1, c2) of a lab (plain, docker).
netns() { echo "$LAB_NAME-$1-$2"; }

is_up() { [[ -e $(state_dir "$1")/up ]]; }

# The lab that scenarios and `lab exec` mean; set by the caller.
LAB=

netns_file() { echo "/run/netns/$(netns "$LAB" "$1")"; }

# --- processes ---------------------------------------------------------------------------------------------------------

CLIENTS=() # what `join` waits for
STARTED=() # everything that must not outlive this run

# Runs a command in a place's network namespace, in the background. setsid and nsenter become the command, so $! is its id,
# and that of the group of whatever it forks.
start() {
  local place=$1
  shift
  setsid nsenter --net="$(netns_file "$place")" -- "$@" &
  STARTED+=($!)
}

# A client that runs beside others until `join`; what it prints is no result.
spawn() {
  start "$@" >/dev/null 2>&1
  CLIENTS+=($!)
}

# Waits for every spawned client. A client may fail: in many scenarios that is the point.
join() {
  local pid
  for pid in "${CLIENTS[@]}"; do wait "$pid" || true; done
  CLIENTS=()
}

# Ends the clients that would otherwise go on.
end_clients() {
  local pid
  for pid in "${CLIENTS[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  join
}

# Runs one command in a place to its end. In the background and waited for, so that a signal is answered at once.
at() {
  spawn "$@"
  join
}

# Like `at`, for what configures the place: it must succeed, and is heard when it does not.
must() {
  local place=$1
  shift
  nsenter --net="$(netns_file "$place")" -- "$@" >/dev/null
}

# A server that runs until the end: serve <place> <tcp|udp> <port> <command…>. Returns once it listens.
serve() {
  local place=$1 proto=$2 port=$3 try
  shift 3
  start "$place" "$@" >/dev/null 2>&1
  for try in {1..1000}; do
    if [[ -n $(nsenter --net="$(netns_file "$place")" -- ss -Hln "--$proto" "sport = :$port") ]]; then return; fi
    pause 0.05
  done
  refuse "$1 did not listen on $proto port $port in $place"
}

pause() {
  sleep "$1" &
  wait $!
}

end_started() {
  local pid
  for pid in "${STARTED[@]}"; do kill -TERM -- "-$pid" 2>/dev/null || true; done
  for pid in "${STARTED[@]}"; do wait "$pid" 2>/dev/null || true; done
  STARTED=()
}

# --- undo --------------------------------------------------------------------------------------------------------------

UNDO=()

# Remembers a command that takes something back; they run last first, however this run ends.
undo() { UNDO+=("$(printf '%q ' "$@")"); }

undo_all() {
  local i
  for ((i = ${#UNDO[@]} - 1; i >= 0; i--)); do eval "${UNDO[i]}" || say "could not undo: ${UNDO[i]}"; done
  UNDO=()
}

clean_up() {
  local status=$?
  trap '' INT TERM HUP
  end_started
  undo_all
  exit "$status"
}

clean_up_at_exit() {
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}
