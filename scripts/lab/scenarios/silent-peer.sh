about="the other end of an upload falls silent: what the container sends then crosses again and again, and nothing comes back"
home=plain
snaplen=128

run() {
  serve_sink wan 9001
  background 6
  spawn c1 bash -c '{ head -c 2000 /dev/zero; sleep 0.8; head -c 700 /dev/zero; sleep 9; } | socat -u - "TCP:$0:9001"' "$PUBLIC"
  pause 0.4
  table wan netdev silent 'chain in { type filter hook ingress device eth0 priority 0; tcp dport 9001 drop; }'
  pause 5
  end_clients
}
