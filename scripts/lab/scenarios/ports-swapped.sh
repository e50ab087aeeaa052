about="two containers send from one port to one service, and conntrack is flushed again and again: whoever sends first keeps the port then"
home=plain
snaplen=128

run() {
  background 4
  serve_echo wan "$PUBLIC" 9000
  traffic c1 udp "$PUBLIC" 9000 --from 5000 --count 20 --every 100
  traffic c2 udp "$PUBLIC" 9000 --from 5000 --count 20 --every 100
  for _ in 1 2 3 4; do
    pause 0.43
    must dhost conntrack -F 2>/dev/null
  done
  join
}
