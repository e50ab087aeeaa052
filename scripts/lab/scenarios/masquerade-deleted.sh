about="docker's MASQUERADE rule is deleted while a container is at work: what it begins then leaves with its own address, and nobody can answer that"
home=docker
rules=yes
snaplen=256

run() {
  local masquerade=(POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE)
  background 3
  fetch c1 "http://$PUBLIC/1k"
  spawn c2 ping -n -q -c 6 -i 0.2 "$PUBLIC"
  pause 0.5
  undo must dhost iptables -t nat -I "${masquerade[@]}"
  must dhost iptables -t nat -D "${masquerade[@]}"
  spawn c1 ping -n -q -c 4 -i 0.2 -W 1 "$PUBLIC"
  fetch c1 "http://$PUBLIC/1k" 1.5
  join
}
