about="ICMP unreachable of every origin: the destination, a router beyond, the host itself (no ARP answer, REJECT), and a container"
home=plain

run() {
  must wan ip route add unreachable 203.0.113.0/24
  undo must wan ip route del unreachable 203.0.113.0/24
  rule iptables -t filter -A FORWARD -p udp --dport 7 -j REJECT
  rule iptables -t nat -A PREROUTING -d 10.0.2.15 -p udp --dport 8053 -j DNAT --to-destination 172.17.0.2:53
  rule iptables -t nat -A PREROUTING -d 10.0.2.15 -p tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:81
  traffic c1 udp "$PUBLIC" 9999 --count 3         # closed port outside
  traffic c1 udp 203.0.113.5 53 --count 3         # no route, says wan
  traffic c2 udp "$PUBLIC" 7 --count 3            # refused by the host
  traffic wan udp 10.0.2.15 8053 --count 3        # closed port in a container
  traffic c2 udp "$PUBLIC6" 9999 --count 3
  spawn c1 socat -u OPEN:/dev/null "TCP:$PUBLIC:9998"
  spawn wan socat -u OPEN:/dev/null TCP:10.0.2.15:8081
  spawn c1 ping -n -q -c 1 -w 4 10.0.2.77         # nobody there: the host's ARP fails
  spawn c2 ping -n -q -c 1 -w 4 198.51.100.99     # nobody there: wan's ARP fails
  join
}
