about="docker0's capture fell behind and lost frames, which dumpcap counts at its end alone; of what made it fall behind, four frames are left here"
home=plain
snaplen=96

FLOOD_PORT=7777

# A reader that stands still, as on a busy host, and a buffer of 1 MiB, which is full before it goes on.
run() {
  need_tools dumpcap
  local dumpcap=$WORK/dumpcap.err
  serve_echo wan "$PUBLIC" 53
  serve_echo web 172.17.0.2 "$FLOOD_PORT"
  end_capture inside
  start dhost dumpcap -q -i docker0 -s "$snaplen" -B 1 -w "$WORK/whole.pcapng" 2>"$dumpcap"
  CAPTURES[inside]=$!
  await "dumpcap to listen" grep -q '^File:' "$dumpcap"
  traffic c1 udp "$PUBLIC" 53 --from 5353 --count 30 --every 100
  spawn c2 ping -n -q -c 15 -i 0.2 "$PUBLIC"
  pause 0.8
  kill -STOP "${CAPTURES[inside]}"
  traffic c2 udp 172.17.0.2 "$FLOOD_PORT" --from 7776 --count 20000 --every 0
  pause 1.2
  kill -CONT "${CAPTURES[inside]}"
  join
  end_capture inside
  node "$HERE/thin.mjs" "$WORK/whole.pcapng" "$WORK/inside.pcap" "$FLOOD_PORT" 4
}

end_capture() {
  kill -INT "${CAPTURES[$1]}"
  wait "${CAPTURES[$1]}" || true
  unset "CAPTURES[$1]"
}
