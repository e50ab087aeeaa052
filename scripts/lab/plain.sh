# The plain lab: containers are network namespaces, and the rules are the ones Docker writes.

plain_tools=(ip ss nsenter setsid sysctl iptables ip6tables busybox)

plain_up() {
  local state
  state=$(state_dir plain)
  mkdir -p "$state"
  make_namespaces "${LAB_PLACES[@]}"
  make_uplink
  must dhost ip link add docker0 type bridge
  must dhost ip link set docker0 up
  addresses dhost docker0 172.17.0.1/16
  # What dockerd asks for; the kernel's default is the same, but br_netfilter may be a module that is not loaded yet.
  must dhost sysctl -q -w net.bridge.bridge-nf-call-iptables=1 net.bridge.bridge-nf-call-ip6tables=1
  plain_container web 172.17.0.2
  plain_container c1 172.17.0.3
  plain_container c2 172.17.0.4
  plain_rules
  give_containers_ipv6
  make_www "$state/www"
  daemon web busybox httpd -f -p 80 -h "$state/www"
  daemon wan busybox httpd -f -p 80 -h "$state/www"
  touch "$state/up"
}

plain_container() {
  join_places "$1" eth0 dhost "veth-$1"
  must dhost ip link set "veth-$1" master docker0
  addresses "$1" eth0 "$2/16"
  must "$1" ip route add default via 172.17.0.1
}

plain_rules() {
  must dhost iptables-restore <<'RULES'
*nat
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -i docker0 -j RETURN
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80
COMMIT
RULES
}

plain_down() {
  remove_namespaces
  rm -rf "$(state_dir plain)"
}
