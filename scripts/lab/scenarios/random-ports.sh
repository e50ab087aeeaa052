about="MASQUERADE --random-fully: every port and ICMP id is rewritten"
home=plain
snaplen=256

run() {
  serve_echo wan "$PUBLIC" 53
  rule iptables -t nat -I POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE --random-fully
  spawn c1 ping -n -q -c 3 -i 0.2 "$PUBLIC"
  spawn c2 ping -n -q -c 3 -i 0.2 "$PUBLIC"
  traffic c1 udp "$PUBLIC" 53 --from 5353 --count 5
  traffic c2 udp "$PUBLIC" 53 --from 5353 --count 5
  fetch c1 "http://$PUBLIC/1k"
  fetch c1 "http://$PUBLIC/1k"
  fetch c2 "http://$PUBLIC/20k"
  join
}
