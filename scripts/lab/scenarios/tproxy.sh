about="a transparent proxy (TPROXY) takes what containers send to web and DNS servers, and asks these itself, over TCP and UDP"
home=plain
snaplen=256

# what is marked is for the host, whatever its address (Documentation/networking/tproxy.rst)
take_what_is_marked() {
  must dhost ip rule add fwmark 1 lookup 100
  undo must dhost ip rule del fwmark 1 lookup 100
  must dhost ip route add local 0.0.0.0/0 dev lo table 100
  undo must dhost ip route flush table 100
}

run() {
  need_tools python3
  # the bridge would take a packet from the socket that TPROXY gave it to
  setting dhost net.bridge.bridge-nf-call-iptables 0
  take_what_is_marked
  rule iptables -t mangle -A PREROUTING -i docker0 -p tcp --dport 80 -j TPROXY --on-port 3128 --tproxy-mark 1
  rule iptables -t mangle -A PREROUTING -i docker0 -p udp --dport 53 -j TPROXY --on-port 3129 --tproxy-mark 1
  serve dhost tcp 3128 python3 "$HERE/tproxy.py" 3128 3129
  serve wan udp 53 node "$HERE/traffic.mjs" resolve "$PUBLIC" 53
  fetch c1 "http://$PUBLIC/20k"
  fetch c2 "http://$PUBLIC/1k"
  traffic c1 ask "$PUBLIC" 53 --text one.example --every 1000 --count 2
  traffic c2 ask "$PUBLIC" 53 --text two.example --every 1000 --count 2
  traffic c1 udp "$PUBLIC" 9999 --count 2
  spawn c2 ping -n -q -c 3 -i 0.2 "$PUBLIC"
  join
}
