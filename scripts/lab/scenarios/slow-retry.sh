about="queries that get lost are sent again seconds later: one of two containers that ask from one port at one instant, and an AAAA that a rule drops behind its A (kubernetes/kubernetes#56903)"
home=plain

run() {
  local at before port=5353
  serve wan udp 53 node "$HERE/traffic.mjs" resolve "$PUBLIC" 53
  rule iptables -t filter -I FORWARD -s 172.17.0.2 -p udp --dport 53 -m string --algo bm --from 40 --hex-string '|00001c0001|' \
    -m limit --limit 1/hour --limit-burst 1 -j DROP
  traffic web ask "$PUBLIC" 53 --text example.org --every 2500 --count 3
  slow_postrouting 'udp dport 53'
  before=$(insert_failed)
  # not every round meets
  until (($(insert_failed) > before)); do
    at=$(in_a_moment)
    traffic c1 ask "$PUBLIC" 53 --text example.net --every 2500 --count 3 --from "$port" --at "$at"
    traffic c2 ask "$PUBLIC" 53 --text example.com --every 2500 --count 3 --from "$port" --at "$at"
    join
    ((++port))
  done
}
