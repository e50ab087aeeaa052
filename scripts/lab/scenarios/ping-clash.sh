about="two containers ping with one ICMP id at one instant: an id is rewritten, and a first packet is lost where both were under way"
home=plain

# Netfilter chooses a translation at priority 100 of POSTROUTING and commits it at the very end; who commits second loses the
# packet. A long chain in between makes the moment long enough for two processors to meet in it.
slow_postrouting() {
  {
    echo 'table ip slow { chain late { type filter hook postrouting priority 300;'
    for ((i = 0; i < 20000; i++)); do echo 'ip ttl 255'; done
    printf '}\n}\n'
  } | nsenter --net="$(netns_file dhost)" -- nft -f -
  undo must dhost nft delete table ip slow
}

ping_at() { spawn "$1" bash -c "$MEET"'; exec ping -n -q -e "$2" -i 0.2 -c 3 -W 1 "$3"' meet "$2" "$3" "$PUBLIC"; }

insert_failed() {
  nsenter --net="$(netns_file dhost)" -- conntrack -S | awk '{ for (i = 1; i <= NF; i++) if (sub("^insert_failed=", "", $i)) n += $i } END { print n }'
}

run() {
  local id at before
  slow_postrouting
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
