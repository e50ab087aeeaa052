about="a rule before MASQUERADE exempts a network (RETURN): what containers send there leaves as it is, and nothing else does"
home=plain
rules=yes

run() {
  route wan 172.17.0.0/16 via 10.0.2.15
  rule iptables -t nat -I POSTROUTING -s 172.17.0.0/16 -d 198.51.100.0/24 -j RETURN
  background 2
  spawn c1 ping -n -q -c 4 -i 0.2 "$PUBLIC"
  spawn c1 ping -n -q -c 4 -i 0.2 "$FAR"
  fetch c2 "http://$PUBLIC/1k"
  join
}
