about="the nat table was flushed before: containers' addresses leave as they are, and a published port is the host's own, where docker-proxy listens"
home=docker
snaplen=256

run() {
  nsenter --net="$(netns_file dhost)" -- iptables-save -t nat >"$WORK/nat"
  undo must dhost iptables-restore "$WORK/nat"
  must dhost iptables -t nat -F
  spawn c1 ping -n -q -c 4 -i 0.2 -W 1 "$PUBLIC"
  fetch c2 "http://$PUBLIC/1k" 1.5
  fetch wan http://10.0.2.15:88/1k
  join
}
