about="a bit of one segment's source port is flipped on the uplink: no other translation, as nothing else supports it"
home=plain

run() {
  serve_sink wan 9000
  # what a capture shows of an interface is what comes behind this hook
  table dhost netdev noise 'chain out { type filter hook egress device enp0s3 priority 0;
    tcp sport 40000 tcp flags & psh == psh limit rate 1/hour burst 1 packets tcp sport set 40001; }'
  spawn c1 bash -c '{ printf one; sleep 0.1; printf two; sleep 0.5; printf three; } | socat -u - "TCP:$0:9000,bind=:40000"' "$PUBLIC"
  join
}
