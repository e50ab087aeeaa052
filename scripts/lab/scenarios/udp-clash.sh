about="two containers send from UDP port 5353 to one destination: the second one's port is rewritten"
home=plain

run() {
  local at
  serve_echo wan "$PUBLIC" 53
  at=$(in_a_moment)
  traffic c1 udp "$PUBLIC" 53 --from 5353 --size 40 --count 20 --every 50 --at "$at"
  traffic c2 udp "$PUBLIC" 53 --from 5353 --size 44 --count 20 --every 50 --at "$at"
  join
}
