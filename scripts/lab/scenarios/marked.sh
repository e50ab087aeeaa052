about="rules that mark DSCP on the way out, write IPv6 flow labels anew, and set the TTL of answers"
home=plain
snaplen=128

run() {
  rule iptables -t mangle -A POSTROUTING -o enp0s3 -p tcp -j DSCP --set-dscp-class EF
  rule iptables -t mangle -A POSTROUTING -o docker0 -p icmp -j TTL --ttl-set 65
  table dhost ip6 labels 'chain out {
    type filter hook postrouting priority mangle;
    oifname enp0s3 ip6 flowlabel set 74565
  }'
  spawn c1 ping -n -q -c 3 -i 0.2 "$PUBLIC"
  spawn c2 ping -n -q -c 3 -i 0.2 "$PUBLIC6"
  fetch c1 "http://$PUBLIC/20k"
  fetch c2 "http://[$PUBLIC6]/1k"
  join
}
