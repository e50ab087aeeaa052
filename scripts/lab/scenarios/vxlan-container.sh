about="a container that ends a tunnel itself: its VXLAN 7 passes docker0 as well, masqueraded on its way out and DNATed on its way in; the other node begins"
home=plain
snaplen=256

run() {
  vxlan c1 7 172.17.0.3 10.0.2.2 10.9.0.1/24
  vxlan wan 7 10.0.2.2 10.0.2.15 10.9.0.2/24
  rule iptables -t nat -I PREROUTING -i enp0s3 -p udp --dport 4789 -j DNAT --to-destination 172.17.0.3
  serve_echo c1 10.9.0.1 53
  traffic wan udp 10.9.0.1 53 --from 5353 --count 5
  join
  spawn c1 ping -n -q -c 3 -i 0.2 10.9.0.2
  fetch c1 http://10.9.0.2/20k
  fetch c2 "http://$PUBLIC/1k"
  join
}
