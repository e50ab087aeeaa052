about="IPv6 masquerade (NAT66): ping, UDP with a port clash, TCP, port unreachable"
home=plain
snaplen=256

run() {
  local at
  serve_echo wan "$PUBLIC6" 53
  at=$(in_a_moment)
  spawn c1 ping -n -q -c 3 -i 0.2 "$PUBLIC6"
  spawn c2 ping -n -q -c 3 -i 0.2 "$FAR6"
  traffic c1 udp "$PUBLIC6" 53 --from 5353 --count 5 --at "$at"
  traffic c2 udp "$PUBLIC6" 53 --from 5353 --count 5 --at "$at"
  traffic c2 udp "$PUBLIC6" 9999 --count 2
  fetch c1 "http://[$PUBLIC6]/20k"
  fetch c2 "http://[$PUBLIC6]/1k"
  join
}
