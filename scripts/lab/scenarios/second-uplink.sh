about="some packets leave by a second uplink that is not captured, and are answered there; others leave by the first"
home=plain
snaplen=256

run() {
  second_uplink
  route dhost "$FAR" via 10.0.3.2
  serve_echo far "$FAR" 53
  background 3
  fetch c1 "http://$PUBLIC/1k"
  spawn c1 ping -n -q -c 4 -i 0.2 "$FAR"
  traffic c2 udp "$FAR" 53 --from 5353 --count 3
  traffic c2 udp 10.0.3.2 9 --count 3 --every 200 # closed: an ICMP error comes back that way
  spawn c2 ping -n -q -c 4 -i 0.2 "$PUBLIC"
  # from outside: a published port at the second uplink's address
  fetch wan http://10.0.3.15:88/1k
  join
}
