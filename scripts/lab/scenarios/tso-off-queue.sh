about="TSO/GSO off on the uplink, whose queue cuts large segments and drops some of their pieces (tbf); those are sent again alone"
home=plain
snaplen=96

run() {
  serve_sink wan 9000
  no_offload dhost enp0s3
  # net/sched/sch_tbf.c, tbf_segment: what is longer than the burst is cut, and each piece queued or dropped for itself
  queue dhost enp0s3 tbf rate 20mbit burst 4000 limit 24000
  upload c1 200000 "TCP:$PUBLIC:9000"
  upload c2 200000 "TCP:$PUBLIC:9000"
  join
}
