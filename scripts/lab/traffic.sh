# Words that scenarios are made of. Those that start a client leave it running until `join`.

PUBLIC=180.101.49.11 # on wan
PUBLIC6=2001:db8:180::11
FAR=198.51.100.7 # one router further
FAR6=2001:db8:7::7

# traffic <place> <arguments of traffic.mjs…>
traffic() {
  local place=$1
  shift
  spawn "$place" node "$HERE/traffic.mjs" "$@"
}

# fetch <place> <url> [seconds that it may take]
fetch() { spawn "$1" timeout "${3:-100}" busybox wget -q -O /dev/null "$2"; }

# The article's own tool. Its ICMP id is its process id, so two containers can have the same.
busybox_ping() {
  local place=$1
  shift
  spawn "$place" busybox ping "$@"
}

# background <seconds>: pings that are on both sides all the while, so that each capture shows that the other one runs.
background() {
  spawn web ping -n -q -c $(($1 * 4)) -i 0.25 "$PUBLIC"
  pause 0.3
}

# upload <place> <bytes> <socat address>
upload() { spawn "$1" socat -u "SYSTEM:head -c $2 /dev/zero" "$3"; }

# heartbeat <place> <from port> <to port> <beats> <epoch ms>: the same five bytes ten times a second. Linux leaves the IP ID
# 0 where the sender insists on DF and the socket is not connected (include/net/ip.h, ip_select_ident_segs).
heartbeat() {
  spawn "$1" bash -c "$MEET"'; { for ((i = 0; i < $2; i++)); do printf alive; sleep 0.1; done; } | socat -u - "$3"' \
    meet "${5}000" "$4" "UDP4-DATAGRAM:$PUBLIC:$3,bind=:$2,ip-mtu-discover=2"
}

serve_echo() { serve "$1" udp "$3" node "$HERE/traffic.mjs" echo "$2" "$3"; }

serve_sink() { serve "$1" tcp "$2" socat -u "TCP6-LISTEN:$2,ipv6only=0,fork,reuseaddr" OPEN:/dev/null; }

# An instant that programs started now can all meet, in epoch milliseconds.
in_a_moment() { echo $(($(date +%s%3N) + 500)); }

# Bash that spins until the epoch microsecond $1, so that two programs started with it go on at the same instant.
MEET='while ((${EPOCHREALTIME/[.,]/} < $1)); do :; done'

# rule <iptables|ip6tables> -t <table> <-A|-I> <rest…>: a rule of dhost, taken back in the end.
rule() {
  local tool=$1 table=$3 how=$4
  shift 4
  must dhost "$tool" -t "$table" "$how" "$@"
  undo must dhost "$tool" -t "$table" -D "$@"
}

# table <place> <family> <name> <body>: a table of nftables' own, taken away in the end.
table() {
  printf 'table %s %s {\n%s\n}\n' "${@:2}" | nsenter --net="$(netns_file "$1")" -- nft -f -
  undo must "$1" nft delete table "$2" "$3"
}

# route <place> <destination> via <gateway>: taken back in the end.
route() {
  local place=$1
  shift
  must "$place" ip route add "$@"
  undo must "$place" ip route del "$@"
}

# setting <place> <sysctl> <value>
setting() {
  undo must "$1" sysctl -q -w "$2=$(nsenter --net="$(netns_file "$1")" -- sysctl -n "$2")"
  must "$1" sysctl -q -w "$2=$3"
}

# mtu <place> <interface> <bytes>; both ends forget what they learned of it in the end.
mtu() {
  must "$1" ip link set "$2" mtu "$3"
  undo forget_path_mtu
  undo must "$1" ip link set "$2" mtu 1500
}

forget_path_mtu() {
  local place
  for place in "${LAB_PLACES[@]}"; do
    must "$place" ip route flush cache
    must "$place" ip -6 route flush cache
  done
}

# queue <place> <interface> <qdisc…>: how it queues what leaves, as tc(8) has it; taken back in the end.
queue() {
  local place=$1 interface=$2
  shift 2
  must "$place" tc qdisc add dev "$interface" root "$@"
  undo must "$place" tc qdisc del dev "$interface" root
}

# no_offload <place> <interface>: the interface hands on frames no larger than its MTU.
no_offload() {
  must "$1" ethtool -K "$2" tso off gso off
  undo must "$1" ethtool -K "$2" tso on gso on
}

# vxlan <place> <VNI> <local> <remote> <addresses…>: a tunnel's end, vxlan<VNI>; taken away in the end.
vxlan() {
  local place=$1 device=vxlan$2
  must "$place" ip link add "$device" type vxlan id "$2" dstport 4789 local "$3" remote "$4"
  undo must "$place" ip link del "$device"
  must "$place" ip link set "$device" up
  addresses "$place" "$device" "${@:5}"
}

# stray_answer: of what wan's web server sends, the first segment with data has a number far ahead of its window, which conntrack takes
# for invalid; one far behind it is let pass (net/netfilter/nf_conntrack_proto_tcp.c, tcp_in_window).
stray_answer() {
  table wan netdev stray 'chain out { type filter hook egress device eth0 priority 0;
    ip length > 200 tcp sport 80 limit rate 1/hour burst 1 packets tcp sequence set tcp sequence map {
      0-0x3fffffff : 0x60000000, 0x40000000-0x7fffffff : 0xa0000000,
      0x80000000-0xbfffffff : 0xe0000000, 0xc0000000-0xffffffff : 0x20000000 }; }'
}

# A second uplink beside enp0s3, which nobody captures; the other end of it is wan's eth2, 10.0.3.2.
second_uplink() {
  join_places dhost enp0s8 wan eth2
  undo must dhost ip link del enp0s8
  addresses dhost enp0s8 10.0.3.15/24
  addresses wan eth2 10.0.3.2/24
}

# How often conntrack had no room for what it wanted to insert, as another one was quicker.
insert_failed() {
  nsenter --net="$(netns_file dhost)" -- conntrack -S | awk '{ for (i = 1; i <= NF; i++) if (sub("^insert_failed=", "", $i)) n += $i } END { print n }'
}

# slow_postrouting <match>: netfilter chooses a translation at priority 100 of POSTROUTING and commits it at the very end; who commits
# second loses the packet. Half a million rules in between make the moment long enough for two processors to meet in it.
slow_postrouting() {
  local rules jumps
  printf -v rules '%500s' ''
  printf -v jumps '%10s' ''
  table dhost ip slow "
    chain a { ${rules// /ip ttl 255$'\n'}}
    chain b { ${jumps// /jump a$'\n'}}
    chain c { ${jumps// /jump b$'\n'}}
    chain late { type filter hook postrouting priority 300; $(printf "$1 jump c\n%.0s" {1..10})
    }"
}
