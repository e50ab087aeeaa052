about="pings and UDP larger than the MTU, both ways, IPv4 and IPv6; then with br_netfilter off, so that docker0 shows fragments too; then with fragments lost"
home=plain
snaplen=128

big_datagrams() {
  serve_echo wan "$PUBLIC" "$1"
  spawn c1 ping -n -q -c 2 -i 0.2 -s 4000 "$PUBLIC"
  spawn c2 ping -n -q -c 2 -i 0.2 -s 2000 "$PUBLIC6"
  traffic c1 udp "$PUBLIC" "$1" --size 3000 --count 3
  traffic c2 udp "$PUBLIC" "$1" --size 1473 --count 3
  join
}

# The second fragments of what wan sends, IP offset 1480 = 185 * 8, go missing before the uplink.
lose_second_fragments() {
  table wan netdev loss 'chain out { type filter hook egress device eth0 priority 0; ip frag-off & 0x1fff == 185 drop; }'
}

run() {
  rule iptables -t nat -A PREROUTING -d 10.0.2.15 -p udp --dport 8053 -j DNAT --to-destination 172.17.0.2:53
  serve_echo web 172.17.0.2 53
  traffic wan udp 10.0.2.15 8053 --size 3000 --count 2
  big_datagrams 4001
  setting dhost net.bridge.bridge-nf-call-iptables 0
  setting dhost net.bridge.bridge-nf-call-ip6tables 0
  big_datagrams 4002
  lose_second_fragments
  # The host gives up on the rest after a second, and says so: reassembly time exceeded.
  setting dhost net.ipv4.ipfrag_time 1
  spawn c1 ping -n -q -c 2 -i 0.2 -W 1 -s 4000 "$PUBLIC"
  join
  pause 1
}
