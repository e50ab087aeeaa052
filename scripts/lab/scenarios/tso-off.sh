about="TSO/GSO off on the uplink and on docker0: one large segment goes in, many come out, in each direction"
home=plain
snaplen=96

run() {
  serve_sink wan 9000
  no_offload dhost enp0s3
  no_offload dhost docker0
  upload c1 150000 "TCP:$PUBLIC:9000"
  upload c2 100000 "TCP:$PUBLIC:9000"
  upload c2 50000 "TCP:[$PUBLIC6]:9000"
  fetch c1 "http://$PUBLIC/200k"
  fetch c2 "http://$PUBLIC/20k"
  join
}
