about="TSO/GSO off on the uplink and on docker0, and one forwarded packet in 50 lost: retransmissions cut differently on the two sides"
home=plain
snaplen=96

run() {
  serve_sink wan 9000
  no_offload dhost enp0s3
  no_offload dhost docker0
  rule iptables -t filter -A FORWARD -m statistic --mode random --probability 0.02 -j DROP
  upload c1 200000 "TCP:$PUBLIC:9000"
  upload c2 200000 "TCP:$PUBLIC:9000"
  fetch c1 "http://$PUBLIC/200k"
  fetch c2 "http://$PUBLIC/200k"
  join
}
