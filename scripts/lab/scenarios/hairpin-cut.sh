about="a container to a service on its own bridge: TSO/GSO off on docker0, so that segments come out cut, and pings and UDP in fragments"
home=plain
snaplen=128

run() {
  # as in hairpin
  setting dhost net.bridge.bridge-nf-call-iptables 0
  serve_echo web 172.17.0.2 5300
  serve_sink web 9000
  no_offload dhost docker0
  rule iptables -t nat -I PREROUTING -d 10.96.0.10 -p tcp --dport 9000 -j DNAT --to-destination 172.17.0.2:9000
  rule iptables -t nat -I PREROUTING -d 10.96.0.10 -p udp --dport 53 -j DNAT --to-destination 172.17.0.2:5300
  rule iptables -t nat -I PREROUTING -d 10.96.0.10 -p icmp -j DNAT --to-destination 172.17.0.2
  rule iptables -t nat -A POSTROUTING -o docker0 -m conntrack --ctstate DNAT -j MASQUERADE
  upload c1 100000 TCP:10.96.0.10:9000
  traffic c1 udp 10.96.0.10 53 --size 3000 --count 3
  spawn c2 ping -n -q -c 2 -i 0.2 -s 4000 10.96.0.10
  fetch c2 "http://$PUBLIC/1k"
  join
}
