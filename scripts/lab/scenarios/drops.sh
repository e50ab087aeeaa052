about="one forwarded packet in ten lost at random: ping, UDP and TCP"
home=plain
snaplen=128

run() {
  serve_echo wan "$PUBLIC" 53
  rule iptables -t filter -A FORWARD -m statistic --mode random --probability 0.1 -j DROP
  spawn c1 ping -n -q -c 40 -i 0.05 -W 1 "$PUBLIC"
  spawn c2 ping -n -q -c 40 -i 0.05 -W 1 "$PUBLIC"
  traffic c1 udp "$PUBLIC" 53 --count 60 --every 20
  traffic c2 udp "$PUBLIC" 53 --count 60 --every 20 --connect
  fetch c1 "http://$PUBLIC/20k"
  fetch c2 "http://$PUBLIC/20k"
  fetch wan http://10.0.2.15:88/20k
  join
}
