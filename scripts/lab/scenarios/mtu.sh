about="packets with DF that are too big: fragmentation needed (IPv6: packet too big) from the host itself, and from a router beyond"
home=plain
snaplen=128

run() {
  serve_sink wan 9000
  serve_sink far 9000
  mtu dhost enp0s3 1400
  mtu wan eth1 1300
  spawn c1 ping -n -q -c 3 -i 0.2 -W 1 -M do -s 1400 "$PUBLIC"
  spawn c2 ping -n -q -c 3 -i 0.2 -W 1 -M do -s 1400 "$PUBLIC6"
  join
  upload c1 20000 "TCP:$PUBLIC:9000"
  upload c2 20000 "TCP:[$PUBLIC6]:9000"
  upload c1 20000 "TCP:$FAR:9000"
  upload c2 20000 "TCP:[$FAR6]:9000"
  join
}
