about="NETMAP: each container has an address of its own outside, 172.17.0.x is 10.99.0.x; begun from inside and from outside"
home=plain
snaplen=256

run() {
  serve_echo wan "$PUBLIC" 53
  serve_echo c2 172.17.0.4 7000
  route wan 10.99.0.0/24 via 10.0.2.15
  rule iptables -t nat -I POSTROUTING -s 172.17.0.0/24 ! -o docker0 -j NETMAP --to 10.99.0.0/24
  rule iptables -t nat -I PREROUTING -d 10.99.0.0/24 -j NETMAP --to 172.17.0.0/24
  spawn c1 ping -n -q -e 783 -c 3 -i 0.2 "$PUBLIC"
  spawn c2 ping -n -q -e 783 -c 3 -i 0.2 "$PUBLIC"
  traffic c1 udp "$PUBLIC" 53 --from 5353 --count 5
  traffic c2 udp "$PUBLIC" 53 --from 5353 --count 5
  fetch c1 "http://$PUBLIC/20k"
  fetch c2 "http://$PUBLIC/1k"
  spawn wan ping -n -q -c 3 -i 0.2 10.99.0.3
  fetch wan http://10.99.0.2/20k
  fetch far http://10.99.0.2/1k
  traffic wan udp 10.99.0.4 7000 --count 3
  # to one another by these addresses: never on the uplink
  fetch c1 http://10.99.0.2/1k
  join
}
