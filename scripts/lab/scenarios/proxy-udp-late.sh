about="datagrams to a port that docker-proxy serves and nobody listens at, two seconds apart: it opens a socket for each, and only the second one tells whose the first was"
home=plain

run() {
  background 8
  serve dhost udp 53 bash -c 'exec docker-proxy -proto udp -host-ip 10.0.2.15 -host-port 53 -container-ip 172.17.0.2 -container-port 5300 3>/dev/null'
  traffic wan udp 10.0.2.15 53 --from 5353 --size 20 --count 4 --every 2000
  join
}
