about="conntrack's table is full, so the host drops what begins: SYNs to a published port; of what containers begin not even docker0 shows anything"
home=plain
rules=yes
host=yes

# Room for so many connections in each namespace of the machine: more than others may need meanwhile, and so few that hardly any of them is
# where conntrack looks for one to drop, which is in 8 of its 262,144 buckets (net/netfilter/nf_conntrack_core.c, early_drop).
CONNECTIONS=400

# What conntrack.txt is to tell of begins behind those that fill the table. A rule says so only if somebody listens as it is made
# (net/netfilter/nf_conntrack_ecache.c, nf_ct_ecache_ext_add).
prepare() {
  start dhost conntrack -E >/dev/null 2>&1
  local listener=$!
  await "conntrack to listen" conntrack_listens "$listener"
  rule iptables -t raw -A OUTPUT -o lo -j CT --ctevents related
  kill "$listener"
}

run() {
  local most
  most=$(sysctl -n net.netfilter.nf_conntrack_max)
  background 3
  must dhost bash -c 'for ((port = 10000; port <= 10000 + $0; port++)); do echo >"/dev/udp/127.0.0.1/$port"; done' "$CONNECTIONS"
  undo sysctl -q -w net.netfilter.nf_conntrack_max="$most"
  sysctl -q -w net.netfilter.nf_conntrack_max="$CONNECTIONS"
  fetch wan http://10.0.2.15:88/ 1.5
  fetch far http://10.0.2.15:88/ 1.5
  fetch c2 "http://$PUBLIC/" 1.5
  join
}
