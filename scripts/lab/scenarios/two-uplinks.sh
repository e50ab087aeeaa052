about="two uplinks, both outside: some conversations take the first, others the second; a rule drops two of those of the second"
home=plain
snaplen=256

run() {
  second_uplink
  route dhost "$FAR" via 10.0.3.2
  start_capture enp0s8 outside-enp0s8
  serve_echo far "$FAR" 53
  serve_echo wan "$PUBLIC" 53
  rule iptables -t filter -I FORWARD -p udp --sport 5354 -o enp0s8 -m statistic --mode nth --every 3 --packet 1 -j DROP
  background 3
  spawn c1 ping -n -q -c 8 -i 0.25 "$FAR"
  pause 0.3
  fetch c1 "http://$PUBLIC/1k"
  traffic c2 udp "$FAR" 53 --from 5353 --count 6
  traffic c2 udp "$FAR" 53 --from 5354 --count 6 --every 200
  traffic c2 udp "$PUBLIC" 53 --from 5355 --count 6
  # from outside: a published port at both addresses
  fetch wan http://10.0.3.15:88/1k
  fetch wan http://10.0.2.15:88/1k
  join
}
