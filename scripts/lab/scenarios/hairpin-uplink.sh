about="from outside to a port that the host forwards to another host outside, DNAT and MASQUERADE at once: both forms of a packet are on the uplink"
home=plain
rules=yes
snaplen=256

run() {
  rule iptables -t nat -I PREROUTING -i enp0s3 -p tcp --dport 9999 -j DNAT --to-destination "$PUBLIC:80"
  rule iptables -t nat -A POSTROUTING -o enp0s3 -p tcp --dport 80 -m conntrack --ctstate DNAT -j MASQUERADE
  fetch far http://10.0.2.15:9999/1k
  fetch c1 "http://$PUBLIC/1k"
  join
  fetch far http://10.0.2.15:9999/missing
  join
}
