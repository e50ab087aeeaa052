about="a rule in DOCKER-USER and Docker's isolation of bridges drop what a container sends; another rule that would match drops nothing"
home=docker
host=yes
snaplen=256

prepare() {
  docker_app 172.30.0.0/16 busybox:lab httpd -f -p 80 -h /www
  serve_echo wan "$PUBLIC" 53
  # met by nothing that the one before leaves
  rule iptables -t filter -I DOCKER-USER -i docker0 -p udp --dport 53 -j DROP
  rule iptables -t filter -I DOCKER-USER -s 172.17.0.3 -p udp --dport 53 -j DROP
}

run() {
  background 3
  traffic c1 udp "$PUBLIC" 53 --count 6 --every 50
  # another bridge's container, which nothing reaches from docker0
  spawn c2 ping -n -q -c 4 -i 0.2 -W 1 172.30.0.2
  fetch c2 "http://$PUBLIC/1k"
  join
}
