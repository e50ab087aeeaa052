about="traceroute by UDP and by ICMP: TTL exceeded by the host itself, by the next router, and the destination's answer"
home=plain

run() {
  at c1 traceroute -n -q 2 -N 1 -w 1 -m 4 "$FAR"
  at c1 traceroute -n -q 2 -N 1 -w 1 -m 4 -I "$FAR"
  at c2 traceroute -n -q 2 -N 16 -w 1 -m 4 "$FAR"
  at c2 traceroute -n -q 1 -N 1 -w 1 -m 4 "$FAR6"
}
