about="a service's answer that conntrack takes for invalid keeps the backend's address: the client knows of no such connection, and resets it (kubernetes/kubernetes#74839)"
home=plain

run() {
  # as in hairpin
  setting dhost net.bridge.bridge-nf-call-iptables 0
  route wan 172.17.0.0/16 via 10.0.2.15
  rule iptables -t nat -I POSTROUTING -d "$PUBLIC" -j RETURN
  rule iptables -t nat -I PREROUTING -d 10.96.0.10 -p tcp --dport 80 -j DNAT --to-destination "$PUBLIC:80"
  stray_answer
  fetch c1 http://10.96.0.10/1k 2
  join
  fetch c1 http://10.96.0.10/1k 2
  join
}
