about="from outside to a published port (-p 88:80) that nothing else has used, and DOCKER-USER drops it: its SYNs never get to docker0"
home=docker
rules=yes

run() {
  rule iptables -t filter -I DOCKER-USER -o docker0 -p tcp --dport 80 -j DROP
  background 3
  fetch wan http://10.0.2.15:88/ 2
  fetch far http://10.0.2.15:88/ 2
  join
}
