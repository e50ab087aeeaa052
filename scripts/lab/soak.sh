# The long mixed load: everything that the cases show, at once and for minutes, with what the kernel itself did as the judge.
#
# Beside both captures and conntrack's events, it keeps captures of the other interfaces (another bridge, another uplink), and what
# netfilter's rules log of packets: those that the host took (in), sent (out; own where a client of its own did) and dropped or rejected.

SOAK_GROUP=10 # of nfnetlink_log
SOAK_INTERFACES=(docker0 br-app enp0s3 enp0s8)
NOBODY=65534    # who the host's own clients run as, which tells them from docker-proxy
ELSEWHERE=192.0.2.9 # on wan, by the second uplink

lab_soak() {
  local seconds=${1:-300} dir=${2:-}
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || misuse "lab soak [seconds] [dir]"
  LAB=docker
  snaplen=256
  check_lab
  need_tools "${record_tools[@]}"
  [[ -e $HERE/../../dist/main.js ]] || refuse "natcorr is not built: npm run build"
  if [[ -z ${SOAK_ONLY-} ]]; then (cd "$HERE/../.." && npx tsc -p scripts/tsconfig.json); fi
  clean_up_at_exit
  if ! is_up docker; then
    lab_up
    undo docker_down
  fi
  WORK=$(mktemp -d)
  undo rm -rf "$WORK"
  soak_network
  soak_rules
  soak_servers
  forget_the_past
  soak_captures
  soak_traffic "$seconds"
  await "tcpdump to write what it has captured" captures_caught_up
  await "conntrack to tell of all events" conntrack_caught_up "$CONNTRACK"
  stop_captures
  if [[ -n $SOAK_LIVE ]]; then
    kill -INT "$SOAK_LIVE"
    wait "$SOAK_LIVE" || true
  fi
  check_captures
  sort -o "$WORK/conntrack.txt" "$WORK/conntrack.txt" "$WORK/forgotten.txt"
  if [[ -n $dir ]]; then
    mkdir -p "$dir"
    cp "$WORK"/* "$dir/"
  fi
  if [[ -z ${SOAK_ONLY-} ]]; then node "$HERE/../../build/scripts/lab/soak.js" "$WORK"; fi
}

# Another bridge with a container that publishes a port, a container that publishes UDP, another uplink.
soak_network() {
  undo soak_network_down
  engine network create --subnet 172.18.0.0/16 -o com.docker.network.bridge.name=br-app app >/dev/null
  docker_container app --network app -p 8080:80 busybox:lab httpd -f -p 80 -h /www
  docker_container dns -p 5353:5300/udp busybox:lab sleep 1000000
  second_uplink
  addresses wan lo "$ELSEWHERE/32"
  undo must wan ip address del "$ELSEWHERE/32" dev lo
  route dhost "$ELSEWHERE/32" via 10.0.3.2
}

soak_network_down() {
  settle_soak
  engine rm -f app dns >/dev/null
  engine network rm app >/dev/null
  ip netns del "$(netns docker app)"
  ip netns del "$(netns docker dns)"
}

# Takes back what an event of an interrupted round may have left.
settle_soak() {
  must dhost ip link set enp0s3 mtu 1500
  must dhost ethtool -K enp0s3 tso on gso on
  must dhost iptables -F DOCKER-USER
  must dhost iptables -A DOCKER-USER -j RETURN
}

# What rules drop they log first. `rules` is for those that come and go; one forwarded packet in 100 is always lost, and one in 100
# between the host and wan, each way, where the host has no part in it.
soak_rules() {
  local log="group $SOAK_GROUP snaplen 128 queue-threshold 1"
  table dhost inet soak "
    chain in { type filter hook input priority 300; iif lo return; log prefix \"in\" $log; }
    chain out { type filter hook output priority 300; oif lo return;
      meta skuid $NOBODY log prefix \"own\" $log return; log prefix \"out\" $log; }
    chain lose { log prefix \"drop\" $log; drop; }
    chain send_reset { log prefix \"reject\" $log; reject with tcp reset; }
    chain send_error { log prefix \"reject\" $log; reject with icmpx type admin-prohibited; }
    chain rules { }
    chain forward { type filter hook forward priority -10; numgen random mod 100 == 0 jump lose; jump rules; }"
  table wan netdev soak "
    chain in { type filter hook ingress device eth0 priority 0; numgen random mod 100 == 0 drop; }
    chain out { type filter hook egress device eth0 priority 0; numgen random mod 100 == 0 drop; }"
  # what Docker drops of what goes from bridge to bridge
  rule iptables -t filter -I DOCKER-ISOLATION-STAGE-2 -o docker0 -j NFLOG --nflog-group "$SOAK_GROUP" --nflog-prefix drop
  rule iptables -t filter -I DOCKER-ISOLATION-STAGE-2 -o br-app -j NFLOG --nflog-group "$SOAK_GROUP" --nflog-prefix drop
}

soak_servers() {
  serve wan udp 53 node "$HERE/traffic.mjs" resolve "$PUBLIC" 53
  serve_echo wan "$PUBLIC" 5300
  serve_echo wan "$PUBLIC6" 5300
  serve_echo wan "$ELSEWHERE" 5301
  serve_echo dns 0.0.0.0 5300
  serve_sink wan 9000
}

soak_captures() {
  local interface
  for interface in "${SOAK_INTERFACES[@]}"; do start_capture "$interface" "$interface"; done
  start_rule_log
  # what conntrack forgets at a command it tells nobody of completely
  start_conntrack NEW,UPDATES
  start dhost conntrack -E -e DESTROY -o timestamp,id -b 67108864 >"$WORK/forgotten.txt" 2>/dev/null
  SOAK_LIVE=
  if [[ ${SOAK_WITH_LIVE-} ]]; then
    start dhost node "$HERE/../../dist/main.js" live docker0 enp0s3 -s 256 --format ndjson -w "$WORK/live.pcapng" \
      >"$WORK/live.ndjson" 2>"$WORK/live.err"
    SOAK_LIVE=$!
    await "natcorr to capture" test -s "$WORK/live.pcapng"
  fi
}

# tcpdump leaves the buffer of a netlink socket as it is made, and that is too small: it is made larger for as long as this one takes.
start_rule_log() {
  # libpcap cuts log messages by the snaplen before it knows how long their headers are
  local usual snaplen=4096
  usual=$(sysctl -n net.core.rmem_default)
  undo sysctl -q -w "net.core.rmem_default=$usual"
  sysctl -q -w net.core.rmem_default=67108864
  start_capture "nflog:$SOAK_GROUP" rules micro
  sysctl -q -w "net.core.rmem_default=$usual"
}

# Rounds of some ten seconds, each with all kinds of traffic and something of its own; those of a round do not wait for each other.
soak_traffic() {
  local round until=$((SECONDS + $1))
  for ((round = 0; SECONDS < until; round++)); do
    soak_steady
    soak_bursts "$round"
    soak_event $((round % 8))
  done
  pause 3
  end_clients
}

# Ten seconds of what goes on all the while.
soak_steady() {
  local at
  at=$(in_a_moment)
  spawn web ping -n -q -c 40 -i 0.25 -W 1 "$PUBLIC"
  spawn c1 ping -n -q -e 783 -c 20 -i 0.4 -W 1 "$PUBLIC"
  spawn c2 ping -n -q -e 783 -c 20 -i 0.4 -W 1 "$PUBLIC"
  spawn c2 ping -n -q -c 20 -i 0.4 -W 1 "$PUBLIC6"
  spawn app ping -n -q -c 10 -i 0.9 -W 1 "$PUBLIC"
  spawn dhost ping -n -q -c 10 -i 0.9 -W 1 "$PUBLIC"
  spawn wan ping -n -q -c 10 -i 0.9 -W 1 10.0.2.15
  spawn c2 ping -n -q -c 10 -i 0.9 -W 1 172.17.0.2
  spawn c1 ping -n -q -c 5 -i 0.9 -W 1 "$ELSEWHERE"
  traffic c1 udp "$PUBLIC" 5300 --from 5353 --count 80 --every 100 --at "$at"
  traffic c2 udp "$PUBLIC" 5300 --from 5353 --count 80 --every 100 --at "$at"
  traffic c2 udp "$PUBLIC6" 5300 --count 40 --every 200
  traffic c1 tcp "$PUBLIC" 9000 --count 60 --every 120
  heartbeat c1 5001 5300 60 "$at"
  heartbeat c2 5002 5300 60 "$at"
}

soak_bursts() {
  local name=host$1.example try
  for try in 1 2 3; do
    traffic "c$((try % 2 + 1))" ask "$PUBLIC" 53 --text "$name" --every 1000 --count 4
    fetch c1 "http://$PUBLIC/200k" 20
    fetch c2 "http://$PUBLIC/20k" 20
    fetch web "http://$PUBLIC/200k" 20
    fetch far http://10.0.2.15:88/200k 20
    fetch web "http://[$PUBLIC6]/20k" 20
    fetch app "http://$PUBLIC/20k" 20
    fetch wan http://10.0.2.15:88/200k 20    # DNAT
    fetch far http://10.0.2.15:8080/20k 20   # DNAT, to the other bridge
    fetch wan 'http://[fd00:2::15]:88/20k' 20 # docker-proxy
    fetch c2 http://10.0.2.15:88/20k 20      # docker-proxy, on docker0 alone
    fetch app http://10.0.2.15:88/1k 20      # docker-proxy, from bridge to bridge
    fetch c1 http://172.17.0.2/1k 20
    spawn dhost setpriv --reuid "$NOBODY" --clear-groups timeout 20 busybox wget -q -O /dev/null "http://$PUBLIC/20k"
    spawn dhost setpriv --reuid "$NOBODY" --clear-groups timeout 20 busybox wget -q -O /dev/null http://172.17.0.2/1k
    fetch c1 "http://$ELSEWHERE/1k" 5
    pause 0.7
  done
  traffic wan udp 10.0.2.15 5353 --count 10 --size 40     # DNAT
  traffic wan udp fd00:2::15 5353 --count 10 --size 44     # docker-proxy
  traffic c1 udp 172.17.0.1 5353 --count 10 --size 48      # docker-proxy, on docker0 alone
  traffic c1 udp "$PUBLIC" 5300 --size 3000 --count 10
  traffic c2 udp "$PUBLIC" 5300 --size 20000 --count 3
  traffic c1 udp "$ELSEWHERE" 5301 --count 5
  traffic c1 udp "$PUBLIC" 9999 --count 3
  traffic wan udp 10.0.2.15 9999 --count 3
  traffic c1 udp 172.18.0.2 5300 --count 3 # isolated
  fetch c2 http://172.18.0.2/1k 4          # isolated
  fetch c2 "http://$PUBLIC:81/" 5          # a reset from behind the host
  fetch wan http://10.0.2.15:81/ 5         # a reset of the host's
  spawn c1 ping -n -q -c 5 -i 0.4 -W 1 -s 4000 "$PUBLIC"
  spawn c2 ping -n -q -c 2 -i 0.4 -W 1 -t 1 "$PUBLIC"
  spawn c1 traceroute -n -q 1 -N 1 -w 1 -m 4 "$FAR"
  upload c2 300000 "TCP:$PUBLIC:9000"
}

# rule_for <seconds> <nftables match…>: a rule that comes and goes.
rule_for() {
  local seconds=$1
  shift
  must dhost nft add rule inet soak rules "$@"
  pause "$seconds"
  must dhost nft flush chain inet soak rules
}

soak_event() {
  case $1 in
    0) pause 6 ;;
    1) rule_for 4 ip saddr 172.17.0.3 tcp dport 9000 jump lose ;;
    2)
      rule_for 3 ip daddr "$PUBLIC" tcp dport 80 ct state new jump send_reset
      rule_for 3 oifname docker0 tcp dport 80 ct state new jump send_error
      ;;
    3)
      pause 2
      must dhost conntrack -F 2>/dev/null
      pause 4
      ;;
    4)
      must dhost ethtool -K enp0s3 tso off gso off
      pause 5
      must dhost ethtool -K enp0s3 tso on gso on
      ;;
    5) rule_for 5 iifname enp0s3 udp sport 53 jump lose ;;
    6)
      must dhost ip link set enp0s3 mtu 1400
      pause 4
      must dhost ip link set enp0s3 mtu 1500
      pause 1
      ;;
    7)
      if ((round < 8)); then stray_answer; fi
      must dhost iptables -I DOCKER-USER -i docker0 -o br-app -j ACCEPT
      must dhost iptables -I DOCKER-USER -i br-app -o docker0 -j ACCEPT
      fetch c2 http://172.18.0.2/20k 20
      traffic c1 udp 172.18.0.2 5300 --count 10
      pause 5
      must dhost iptables -D DOCKER-USER -i docker0 -o br-app -j ACCEPT
      must dhost iptables -D DOCKER-USER -i br-app -o docker0 -j ACCEPT
      ;;
  esac
}
