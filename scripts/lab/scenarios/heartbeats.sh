about="containers send the same bytes ten times a second, DF set and IP ID 0: only the flow tells them apart, learned from answers to two of them, not to the others"
home=plain

run() {
  local at
  serve_echo wan "$PUBLIC" 5000
  serve wan udp 5010 socat -u UDP4-RECV:5010 OPEN:/dev/null
  at=$(in_a_moment)
  heartbeat c1 5001 5000 30 "$at"
  heartbeat c2 5002 5000 30 "$at"
  heartbeat c1 5003 5010 30 "$at"
  heartbeat c2 5004 5010 30 "$at"
  join
}
