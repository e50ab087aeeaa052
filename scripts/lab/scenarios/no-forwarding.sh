about="the host does not forward (ip_forward=0): a container gets no answer from anywhere, though the host itself does"
home=plain

run() {
  setting dhost net.ipv4.ip_forward 0
  spawn c1 ping -n -q -c 8 -i 0.2 -W 1 "$PUBLIC"
  fetch c2 "http://$PUBLIC/1k" 1.5
  spawn dhost ping -n -q -c 8 -i 0.2 "$PUBLIC"
  join
}
