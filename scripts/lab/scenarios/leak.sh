about="conntrack forgets a connection and may not pick it up again (tcp_loose=0): the container's address leaves on the uplink"
home=docker
rules=yes

run() {
  serve_sink wan 9000
  setting dhost net.netfilter.nf_conntrack_tcp_loose 0
  traffic c1 tcp "$PUBLIC" 9000 --count 12 --every 100
  traffic c2 tcp "$PUBLIC" 9000 --count 12 --every 100
  pause 0.6
  must dhost conntrack -D -p tcp -s 172.17.0.3 2>/dev/null
  pause 1.2
  end_clients
}
