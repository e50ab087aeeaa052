about="docker0 and br-app, both inside: what containers of both send and publish; between the two by a published port (docker-proxy), straight (dropped: Docker isolates bridges), and let through, masqueraded and as it is (hairpin)"
home=docker
snaplen=256

run() {
  docker_app 172.18.0.0/16 -p 8080:80 busybox:lab httpd -f -p 80 -h /www
  start_capture br-app inside-br-app
  background 3
  spawn app ping -n -q -c 6 -i 0.25 "$PUBLIC"
  pause 0.3
  fetch app "http://$PUBLIC/1k"
  fetch c1 "http://$PUBLIC/1k"
  fetch wan http://10.0.2.15:8080/1k
  fetch wan http://10.0.2.15:88/1k
  # from one bridge to the other: by the published port, and straight
  fetch c2 http://10.0.2.15:8080/1k
  traffic c1 udp 172.18.0.2 5300 --from 5301 --count 3
  join
  # let through, masqueraded, and then as it is
  rule iptables -t filter -I DOCKER-USER -i docker0 -o br-app -j ACCEPT
  rule iptables -t filter -I DOCKER-USER -i br-app -o docker0 -j ACCEPT
  background 2
  fetch c2 http://172.18.0.2/1k
  spawn c1 ping -n -q -c 4 -i 0.25 172.18.0.2
  join
  rule iptables -t nat -I POSTROUTING -s 172.17.0.0/16 -d 172.18.0.0/16 -j ACCEPT
  background 2
  fetch c1 http://172.18.0.2/1k
  spawn c2 ping -n -q -c 4 -i 0.25 172.18.0.2
  join
}
