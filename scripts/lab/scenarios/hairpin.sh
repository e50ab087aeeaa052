about="containers to a service's address that the kernel turns round on their own bridge, DNAT and MASQUERADE at once: both forms of a packet are on docker0"
home=plain
snaplen=256

run() {
  # as kube-proxy has it where the bridge hands packets to the host's IP layer; br_netfilter would translate them inside the bridge
  setting dhost net.bridge.bridge-nf-call-iptables 0
  serve_echo web 172.17.0.2 5300
  rule iptables -t nat -I PREROUTING -d 10.96.0.10 -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80
  rule iptables -t nat -I PREROUTING -d 10.96.0.10 -p udp --dport 53 -j DNAT --to-destination 172.17.0.2:5300
  rule iptables -t nat -I PREROUTING -d 10.96.0.10 -p icmp -j DNAT --to-destination 172.17.0.2
  rule iptables -t nat -A POSTROUTING -o docker0 -m conntrack --ctstate DNAT -j MASQUERADE
  fetch c1 http://10.96.0.10/20k
  fetch c2 http://10.96.0.10/1k
  fetch web http://10.96.0.10/1k
  traffic c1 udp 10.96.0.10 53 --from 5353 --count 5
  spawn c2 ping -n -q -c 3 -i 0.2 10.96.0.10
  fetch c2 "http://$PUBLIC/1k"
  traffic c1 udp 172.17.0.2 5300 --from 5354 --count 2
  join
}
