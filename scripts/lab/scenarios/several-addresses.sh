about="some connections leave from a second address of the NAT and are never answered; a query and pings without an answer; a syslog datagram that needs none"
home=plain
snaplen=256

run() {
  # nobody has this address, so answers to it get no further than wan's ARP
  rule iptables -t nat -I POSTROUTING -s 172.17.0.4 -p tcp -j SNAT --to-source 10.0.2.16
  table wan netdev deaf 'chain in { type filter hook ingress device eth0 priority 0;
    udp dport { 53, 514 } drop; ip daddr 10.0.2.2 icmp type echo-request drop; }'
  background 5
  fetch c1 "http://$PUBLIC/1k"
  fetch c2 "http://$PUBLIC/1k" 2
  fetch c2 "http://$PUBLIC/20k" 2
  traffic c1 udp "$PUBLIC" 53 --text 'A? example.org' --count 2 --every 1000 --from 5353
  traffic c1 udp "$PUBLIC" 514 --text '<13>up' --from 5354
  spawn c1 ping -n -q -c 2 -W 1 10.0.2.2
  join
}
