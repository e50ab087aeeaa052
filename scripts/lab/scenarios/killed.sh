about="both captures were killed (SIGKILL) in the middle of traffic: each lacks what its tcpdump had not fetched yet"
home=plain
snaplen=96

run() {
  serve_echo wan "$PUBLIC" 53
  traffic c1 udp "$PUBLIC" 53 --count 2000 --every 10
  spawn c2 ping -n -q -i 0.05 "$PUBLIC"
  pause 2.1
  kill_captures
  end_clients
}
