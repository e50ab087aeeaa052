about="conntrack is flushed under a connection to a published port: the container's next segment opens an entry of its own, by SNAT"
home=plain
snaplen=128

run() {
  background 3
  rule iptables -t nat -I DOCKER ! -i docker0 -p tcp --dport 90 -j DNAT --to-destination 172.17.0.2:9100
  serve web tcp 9100 socat -U TCP-LISTEN:9100,fork,reuseaddr SYSTEM:'while sleep 0.1; do echo tick; done'
  spawn wan timeout 2 socat -u TCP:10.0.2.15:90 OPEN:/dev/null
  pause 0.7
  must dhost conntrack -F 2>/dev/null
  join
}
