about="rules of FORWARD and DOCKER-USER refuse packets of all kinds: with a reset, and with ICMP errors, from inside and from outside"
home=docker
rules=yes

run() {
  rule iptables -t filter -I DOCKER-USER -p tcp --dport 9001 -j REJECT --reject-with tcp-reset
  rule iptables -t filter -I DOCKER-USER -p tcp --dport 9002 -j REJECT
  rule iptables -t filter -I DOCKER-USER -p tcp --dport 9003 -j REJECT --reject-with icmp-admin-prohibited
  rule iptables -t filter -I FORWARD -p udp --dport 9004 -j REJECT --reject-with icmp-net-unreachable
  rule iptables -t filter -I FORWARD -p icmp --icmp-type echo-request -s 172.17.0.4 -j REJECT --reject-with icmp-host-prohibited
  rule iptables -t filter -I DOCKER-USER -o docker0 -s 198.51.100.7 -p tcp -j REJECT --reject-with tcp-reset
  rule iptables -t filter -I DOCKER-USER -o docker0 -s 10.0.2.2 -p tcp -j REJECT --reject-with icmp-port-unreachable
  local port
  background 2
  for port in 9001 9002 9003; do spawn c1 timeout 1 socat -u OPEN:/dev/null "TCP:$PUBLIC:$port"; done
  traffic c1 udp "$PUBLIC" 9004 --count 2
  spawn c2 ping -n -q -c 2 -i 0.2 -W 1 "$PUBLIC"
  fetch far http://10.0.2.15:88/ 1
  fetch wan http://10.0.2.15:88/ 1
  join
  # a bridge with br_netfilter sends the reset by the port that the SYN came from, where a capture of docker0 does not see it
  setting dhost net.bridge.bridge-nf-call-iptables 0
  background 2
  spawn c1 timeout 1 socat -u OPEN:/dev/null "TCP:$PUBLIC:9001"
  join
}
