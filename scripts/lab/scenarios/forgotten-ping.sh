about="pings that lose a fragment beyond the host; errors about them come half a minute later: the first crosses, and when the last comes the host has forgotten the ping"
home=plain
snaplen=128

run() {
  table wan netdev loss 'chain in { type filter hook ingress device eth0 priority 0; ip frag-off & 0x1fff != 0 drop; }'
  spawn web ping -n -q -c 24 -i 2 "$PUBLIC"
  spawn c1 ping -n -q -c 2 -i 4 -W 1 -s 2000 "$PUBLIC"
  join
}
