# Recording a case: both captures and conntrack's own account of what it translated, while the case's traffic runs.
#
# A case is a file in scenarios/, named after it, that sets
#   about    one line: what it shows
#   home     the lab it is recorded in, plain or docker
#   snaplen  bytes kept of a frame (0: all)
#   rules    yes: keep the firewall's rules as they are at the end, for --rules
#   host     yes: keep what natcorr snapshot says before and behind it, for --host
#   prepare  a function that sets the host up, before the first snapshot
#   run      a function that makes the traffic

record_tools=(tcpdump conntrack ip ss nft tc ethtool ping traceroute socat node)

case_names() { basename -s .sh -a "$HERE"/scenarios/*.sh; }

load_case() {
  local file=$HERE/scenarios/$1.sh
  [[ -f $file ]] || misuse "no such case: $1 (see: lab list)"
  snaplen=0 rules= host=
  prepare() { :; }
  source "$file"
}

list_cases() {
  local name
  for name in $(case_names); do
    (
      load_case "$name"
      printf '%-16s %-7s %s\n' "$name" "$home" "$about"
    )
  done
}

lab_record() {
  local wanted=
  if [[ ${1-} == --lab ]]; then
    wanted=${2-}
    shift 2 || misuse "--lab plain|docker"
  fi
  (($# == 1 || $# == 2)) || misuse "lab record [--lab plain|docker] <case> [dir]"
  local name=$1 dir=${2:-$HERE/../../fixtures}
  load_case "$name"
  pick_lab "${wanted:-$home}"
  need_tools "${record_tools[@]}"
  clean_up_at_exit
  if ! is_up "$LAB"; then
    lab_up
    undo "${LAB}_down"
  fi
  WORK=$(mktemp -d)
  undo rm -rf "$WORK"
  forget_the_past
  prepare
  if [[ $host == yes ]]; then keep_snapshot before; fi
  start_captures
  run
  await "tcpdump to write what it has captured" captures_caught_up
  await "conntrack to tell of all events" conntrack_caught_up "$CONNTRACK"
  stop_captures
  if [[ $host == yes ]]; then keep_snapshot after; fi
  if [[ $rules == yes ]]; then keep_rules; fi
  check_captures
  keep "$dir/$name"
}

# Each recording starts from an empty conntrack table, so that every translation in it has its NEW event, and from an
# empty neighbour table, so that it holds ARP as a real capture does.
forget_the_past() {
  must dhost conntrack -F 2>/dev/null
  must dhost ip neighbour flush all
}

# The captures that run, by side, and what reads conntrack's events: process ids.
declare -A CAPTURES=()
CONNTRACK=

start_captures() {
  start_capture docker0 inside
  start_capture enp0s3 outside
  start_conntrack
}

# start_conntrack [kinds of events]
start_conntrack() {
  start dhost conntrack -E -e "${1-NEW,UPDATES,DESTROY}" -o timestamp,id -b 67108864 >"$WORK/conntrack.txt" 2>"$WORK/conntrack.err"
  CONNTRACK=$!
  await "conntrack to listen" conntrack_listens "$CONNTRACK"
}

# start_capture <interface> <file> [precision of stamps]
start_capture() {
  start dhost tcpdump -i "$1" --time-stamp-precision="${3-nano}" -U -s "$snaplen" -B 16384 -Z root -w "$WORK/$2.pcap" 2>"$WORK/$2.err"
  CAPTURES[$2]=$!
  await "tcpdump to listen on $1" grep -q 'listening on' "$WORK/$2.err"
}

# conntrack says nothing when it is ready, or has told all; the kernel's list of netlink sockets shows its subscription. Columns:
# Eth is the protocol (12: netfilter), Groups the events asked for, Rmem what it has not fetched, Inode the socket, as /proc/<pid>/fd
# names it.
conntrack_listens() { conntrack_has "$1" '$4 !~ /^0*$/'; }

conntrack_caught_up() { conntrack_has "$1" '$4 !~ /^0*$/ && $5 == 0'; }

conntrack_has() {
  local sockets
  sockets=$(readlink "/proc/$1/fd/"* 2>/dev/null | tr -cs 0-9 ' ') || true
  must dhost awk -v sockets="$sockets" '
    BEGIN { split(sockets, list); for (i in list) mine[list[i]] }
    $2 == 12 && $10 in mine && '"$2"' { found = 1 }
    END { exit !found }' /proc/net/netlink
}

await() {
  local what=$1 try
  shift
  for try in {1..1000}; do
    if "$@"; then return; fi
    pause 0.05
  done
  refuse "waited in vain for $what"
}

# tcpdump asks libpcap for what it has once a second. It tells on SIGUSR1 how much it has written, and how much has come: of one
# packet in the singular, and with those that were dropped.
captures_caught_up() {
  local side counts='([0-9]+) packets? captured, ([0-9]+) packets? received by filter, ([0-9]+) packets? dropped'
  for side in "${!CAPTURES[@]}"; do kill -USR1 "${CAPTURES[$side]}"; done
  pause 0.05
  for side in "${!CAPTURES[@]}"; do
    [[ $(tail -n 1 "$WORK/$side.err") =~ $counts ]] || return 1
    ((BASH_REMATCH[1] + BASH_REMATCH[3] >= BASH_REMATCH[2])) || return 1
  done
}

stop_captures() {
  local pid
  for pid in "${CAPTURES[@]}" "$CONNTRACK"; do kill -TERM "$pid"; done
  for pid in "${CAPTURES[@]}" "$CONNTRACK"; do wait "$pid" || true; done
}

# For a case about that: what tcpdump had not fetched is not in the capture.
kill_captures() {
  kill -KILL "${CAPTURES[@]}"
  wait "${CAPTURES[@]}" 2>/dev/null || true
  CAPTURES=()
}

keep_rules() {
  local tool
  for tool in iptables-save ip6tables-save; do nsenter --net="$(netns_file dhost)" -- "$tool"; done >"$WORK/rules.txt"
}

# keep_snapshot <before|after>: what natcorr says of dhost.
keep_snapshot() {
  local docker=off
  if [[ $LAB == docker ]]; then docker=$(state_dir docker)/docker.sock; fi
  nsenter --net="$(netns_file dhost)" -- node "$HERE/../../dist/main.js" snapshot --docker "$docker" >"$WORK/$1.json"
}

# A fixture with holes that nobody meant would be a wrong judge.
check_captures() {
  local side
  for side in "${!CAPTURES[@]}"; do
    grep -q '^0 packets dropped by kernel' "$WORK/$side.err" || refuse "the $side capture lost packets: $(<"$WORK/$side.err")"
  done
  if grep -q 'ENOBUFS\|overrun' "$WORK/conntrack.err"; then refuse "conntrack lost events: $(<"$WORK/conntrack.err")"; fi
}

keep() {
  local dir=$1 file
  mkdir -p "$dir"
  for file in "$WORK"/*.pcap; do install -m 644 "$file" "$dir/${file##*/}"; done
  for file in conntrack.txt ${rules:+rules.txt} ${host:+before.json after.json}; do install -m 644 "$WORK/$file" "$dir/$file"; done
  printf '%s\n' "$about" >"$dir/about.txt"
  say "recorded $dir: $(frames inside) frames inside, $(frames outside) outside, $(grep -c . "$WORK/conntrack.txt" || true) events"
}

frames() { tcpdump -nr "$WORK/$1.pcap" 2>/dev/null | wc -l; }
