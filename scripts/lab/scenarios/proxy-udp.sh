about="UDP to a published port that docker-proxy serves: it sends each datagram again, and each answer, from a socket of its own"
home=plain

# docker-proxy tells on descriptor 3 that it has begun
publish() {
  serve dhost udp 53 bash -c 'exec docker-proxy -proto udp -host-ip "$0" -host-port 53 -container-ip 172.17.0.2 -container-port 5300 3>/dev/null' "$1"
}

run() {
  serve_echo web 172.17.0.2 5300
  publish 0.0.0.0
  publish ::
  traffic wan udp 10.0.2.15 53 --from 5353 --size 20 --count 5
  traffic far udp 10.0.2.15 53 --from 5354 --size 24 --count 3
  traffic wan udp fd00:2::15 53 --from 5355 --size 28 --count 3
  traffic c1 udp 172.17.0.1 53 --from 5356 --size 32 --count 3
  traffic c2 udp "$PUBLIC" 53 --from 5357 --count 2
  join
}
