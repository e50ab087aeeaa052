about="two containers ping with one ICMP id at one instant: an id is rewritten, and a first packet is lost where both were under way"
home=plain

ping_at() { spawn "$1" bash -c "$MEET"'; exec ping -n -q -e "$2" -i 0.2 -c 3 -W 1 "$3"' meet "$2" "$3" "$PUBLIC"; }

run() {
  local id at before
  slow_postrouting 'icmp type echo-request'
  before=$(insert_failed)
  # Not every round meets; four at least, and on until one did.
  for ((id = 783; id < 803; id++)); do
    at=$((${EPOCHREALTIME/[.,]/} + 150000))
    ping_at c1 "$at" "$id"
    ping_at c2 "$at" "$id"
    join
    if ((id >= 786 && $(insert_failed) > before)); then break; fi
  done
}
