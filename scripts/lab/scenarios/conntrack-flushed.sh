about="conntrack is flushed under open conversations of containers: they are picked up again, by the same ports, and nothing is lost"
home=plain
snaplen=128

run() {
  background 3
  serve_sink wan 9000
  serve_echo wan "$PUBLIC" 53
  traffic c1 tcp "$PUBLIC" 9000 --count 12 --every 100
  traffic c2 udp "$PUBLIC" 53 --from 5353 --count 12 --every 100
  pause 0.7
  must dhost conntrack -F 2>/dev/null
  join
}
