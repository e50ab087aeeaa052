about="source and destination rewritten at once: to a virtual address that is DNATed and masqueraded, and from outside to a published port behind a masquerade"
home=plain
snaplen=256

run() {
  serve_echo wan "$PUBLIC" 5300
  rule iptables -t nat -A PREROUTING -d 10.99.0.1 -p tcp --dport 80 -j DNAT --to-destination "$PUBLIC"
  rule iptables -t nat -A PREROUTING -d 10.99.0.1 -p udp --dport 53 -j DNAT --to-destination "$PUBLIC:5300"
  rule iptables -t nat -A PREROUTING -d 10.99.0.1 -p icmp -j DNAT --to-destination "$PUBLIC"
  rule iptables -t nat -A PREROUTING -d 10.0.2.15 -p tcp --dport 8888 -j DNAT --to-destination 172.17.0.2:80
  rule iptables -t nat -A POSTROUTING -o docker0 -d 172.17.0.2 -p tcp --dport 80 -m conntrack --ctstate DNAT -j MASQUERADE
  fetch c1 http://10.99.0.1/20k
  traffic c1 udp 10.99.0.1 53 --from 5353 --count 5
  traffic c2 udp 10.99.0.1 53 --from 5353 --count 5
  spawn c2 ping -n -q -c 3 -i 0.2 10.99.0.1
  fetch wan http://10.0.2.15:8888/20k
  fetch far http://10.0.2.15:8888/1k
  join
}
