about="a tunnel uplink: VXLAN 42 to another node, as overlay networks have it; one container masqueraded in it, one not, the host's own, IPv6, and what leaves without a tunnel"
home=plain
snaplen=256

run() {
  vxlan dhost 42 10.0.2.15 10.0.2.2 10.244.0.1/24 fd00:244::1/64
  vxlan wan 42 10.0.2.2 10.0.2.15 10.244.0.2/24 fd00:244::2/64
  route wan 172.17.0.0/16 via 10.244.0.1
  rule iptables -t nat -I POSTROUTING -s 172.17.0.3/32 -o vxlan42 -j RETURN
  serve_echo wan 10.244.0.2 53
  spawn c1 ping -n -q -c 3 -i 0.2 10.244.0.2
  spawn c2 ping -n -q -c 3 -i 0.2 10.244.0.2
  spawn c2 ping -n -q -c 3 -i 0.2 "$PUBLIC"
  spawn c1 ping -n -q -c 3 -i 0.2 fd00:244::2
  spawn dhost ping -n -q -c 3 -i 0.2 10.244.0.2
  traffic c1 udp 10.244.0.2 53 --from 5353 --count 5
  traffic c2 udp 10.244.0.2 53 --from 5353 --count 5
  fetch c1 http://10.244.0.2/20k
  fetch c2 http://10.244.0.2/1k
  # begun by the other node
  fetch wan http://172.17.0.2/1k
  join
}
