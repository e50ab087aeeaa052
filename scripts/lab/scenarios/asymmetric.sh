about="answers come back by a second uplink that is not captured: only what leaves is on both sides"
home=plain
snaplen=256

run() {
  second_uplink
  route wan 10.0.2.15/32 via 10.0.3.15
  background 3
  fetch c1 "http://$PUBLIC/1k"
  fetch c2 "http://$PUBLIC/20k"
  spawn c1 ping -n -q -c 4 -i 0.2 "$PUBLIC"
  fetch wan http://10.0.2.15:88/1k
  join
}
