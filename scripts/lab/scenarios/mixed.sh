about="all of it at once for some seconds on a real Docker host: SNAT, DNAT, clashes, docker-proxy, errors, fragments, IPv6, losses, local traffic"
home=docker
snaplen=256

run() {
  local at round
  serve_echo wan "$PUBLIC" 53
  serve_echo wan "$PUBLIC6" 53
  serve_sink wan 9000
  rule iptables -t filter -I FORWARD -m statistic --mode random --probability 0.01 -j DROP
  at=$(in_a_moment)
  traffic c1 udp "$PUBLIC" 53 --from 5353 --count 30 --every 80 --at "$at"
  traffic c2 udp "$PUBLIC" 53 --from 5353 --count 30 --every 80 --at "$at"
  heartbeat c1 5001 53 30 "$at"
  heartbeat c2 5002 53 30 "$at"
  traffic c2 udp "$PUBLIC6" 53 --count 20 --at "$at"
  traffic c1 udp "$PUBLIC" 53 --size 3000 --count 10 --at "$at"
  traffic c1 udp "$PUBLIC" 9999 --count 3 --at "$at"
  traffic c1 tcp "$PUBLIC" 9000 --count 20 --at "$at"
  spawn c1 ping -n -q -e 783 -c 10 -i 0.2 -W 1 "$PUBLIC"
  spawn c2 ping -n -q -e 783 -c 10 -i 0.2 -W 1 "$PUBLIC"
  spawn c1 ping -n -q -c 5 -i 0.2 -W 1 -s 4000 "$PUBLIC"
  spawn c2 ping -n -q -c 10 -i 0.2 -W 1 "$PUBLIC6"
  spawn c2 ping -n -q -c 5 -i 0.2 -W 1 172.17.0.2
  spawn c1 traceroute -n -q 1 -N 1 -w 1 -m 4 "$FAR"
  for round in 1 2 3; do
    fetch c1 "http://$PUBLIC/200k"
    fetch c2 "http://$PUBLIC/20k"
    fetch wan http://10.0.2.15:88/20k
    fetch far http://10.0.2.15:88/1k
    fetch wan 'http://[fd00:2::15]:88/1k'
    fetch c2 http://10.0.2.15:88/1k
    fetch c1 "http://[$PUBLIC6]/20k"
    fetch dhost "http://$PUBLIC/1k"
    fetch c1 http://172.17.0.2/1k
    pause 0.7
  done
  upload c2 100000 "TCP:$PUBLIC:9000"
  join
}
