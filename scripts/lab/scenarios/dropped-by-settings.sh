about="rp_filter drops what a container sends from an address whose route is not docker0, and a blackhole what another sends to it"
home=docker
host=yes
snaplen=256

prepare() {
  setting dhost net.ipv4.conf.docker0.rp_filter 1
  route dhost blackhole 203.0.113.0/24
  # it asks who has the gateway's address by an address that is answered
  setting c1 net.ipv4.conf.all.arp_announce 2
  must c1 ip address add 10.0.2.99/32 dev eth0
  undo must c1 ip address del 10.0.2.99/32 dev eth0
}

run() {
  background 3
  spawn c1 ping -n -q -c 5 -i 0.2 -W 1 -I 10.0.2.99 "$PUBLIC"
  spawn c2 ping -n -q -c 4 -i 0.2 -W 1 203.0.113.1
  # what has nothing against it
  fetch c1 "http://$PUBLIC/1k"
  join
}
