# What both labs share: everything on the far side of the uplink, and IPv6 for the containers.
#
#   dhost                               wan                                            far
#   enp0s3 10.0.2.15/24 ────────── eth0 10.0.2.2/24    eth1 198.51.100.1/24 ────── eth0 198.51.100.7/24
#          fd00:2::15/64                fd00:2::2/64        2001:db8:7::1/64            2001:db8:7::7/64
#                                  lo   180.101.49.11/32, 2001:db8:180::11/128

make_namespaces() {
  local place
  for place in "$@"; do
    ip netns add "$(netns "$LAB" "$place")"
    must "$place" ip link set lo up
    quieten "$place"
  done
}

# Stamps and counts should come from the scenario: no duplicate address detection, no router solicitation, no limit on
# ICMP errors, no reverse path filter (its defaults come from the machine the lab runs on).
quieten() {
  must "$1" sysctl -q -w \
    net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
    net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 \
    net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
    net.ipv6.conf.default.router_solicitations=0 net.ipv6.conf.default.accept_ra=0 \
    net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
}

forward() { must "$1" sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1; }

# join_places <place> <interface> <place> <interface>: a veth pair, both ends up.
join_places() {
  ip link add "$2" netns "$(netns "$LAB" "$1")" type veth peer name "$4" netns "$(netns "$LAB" "$3")"
  must "$1" ip link set "$2" up
  must "$3" ip link set "$4" up
}

addresses() {
  local place=$1 interface=$2 address
  shift 2
  for address in "$@"; do must "$place" ip address add "$address" dev "$interface"; done
}

make_uplink() {
  join_places dhost enp0s3 wan eth0
  join_places wan eth1 far eth0
  addresses dhost enp0s3 10.0.2.15/24 fd00:2::15/64
  addresses wan eth0 10.0.2.2/24 fd00:2::2/64
  addresses wan lo 180.101.49.11/32 2001:db8:180::11/128
  addresses wan eth1 198.51.100.1/24 2001:db8:7::1/64
  addresses far eth0 198.51.100.7/24 2001:db8:7::7/64
  must dhost ip route add default via 10.0.2.2
  must dhost ip -6 route add default via fd00:2::2
  must far ip route add default via 198.51.100.1
  must far ip -6 route add default via 2001:db8:7::1
  forward dhost
  forward wan
}

# Files of known sizes, and a web server that hands them out to whoever asks.
make_www() {
  local dir=$1 size
  mkdir -p "$dir"
  echo 'natcorr lab' >"$dir/index.html"
  for size in 1 20 200; do head -c "${size}K" /dev/urandom >"$dir/${size}k"; done
}

# What a lab keeps running while it is up; what it says goes to the lab's log.
daemon() {
  local place=$1
  shift
  setsid nsenter --net="$(netns_file "$place")" -- "$@" </dev/null >>"$(state_dir "$LAB")/log" 2>&1 &
  disown
}

# Containers reach IPv6 destinations as fd00:2::15 (NAT66), as they reach IPv4 ones as 10.0.2.15.
give_containers_ipv6() {
  must dhost ip address add fd00:17::1/64 dev docker0
  give_container_ipv6 web fd00:17::2
  give_container_ipv6 c1 fd00:17::3
  give_container_ipv6 c2 fd00:17::4
  must dhost ip6tables -t nat -A POSTROUTING -s fd00:17::/64 ! -o docker0 -j MASQUERADE
}

give_container_ipv6() {
  quieten "$1"
  must "$1" sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=0 net.ipv6.conf.eth0.accept_dad=0
  addresses "$1" eth0 "$2/64"
  must "$1" ip -6 route add default via fd00:17::1
}

# Ends what still runs in the lab's namespaces, which is the lab's own, and removes them.
remove_namespaces() {
  local place name pids
  for place in "${LAB_PLACES[@]}"; do
    name=$(netns "$LAB" "$place")
    if [[ ! -e /run/netns/$name ]]; then continue; fi
    mapfile -t pids < <(ip netns pids "$name")
    if ((${#pids[@]} > 0)); then kill -KILL "${pids[@]}" 2>/dev/null || true; fi
    ip netns del "$name"
  done
}
