about="a link beyond the host loses what is longer than 1400 bytes, and nobody says so: only shorter segments are acknowledged, until the server gives up"
home=docker
snaplen=128

run() {
  serve wan tcp 9001 socat -u -T 2 TCP6-LISTEN:9001,ipv6only=0,fork,reuseaddr OPEN:/dev/null
  table wan netdev hole 'chain in { type filter hook ingress device eth0 priority 0; ip length > 1400 drop; }'
  background 4
  spawn c1 bash -c '{ head -c 300 /dev/zero; sleep 0.2; head -c 20000 /dev/zero; sleep 4; } | socat -u - "TCP:$0:9001"' "$PUBLIC"
  fetch c2 "http://$PUBLIC/1k"
  pause 3
  end_clients
}
