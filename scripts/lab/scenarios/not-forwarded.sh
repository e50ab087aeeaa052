about="the host does not forward (ip_forward=0), and its settings say so: nothing pairs, and natcorr tells why"
home=docker
host=yes
snaplen=256

prepare() { setting dhost net.ipv4.ip_forward 0; }

run() {
  spawn c1 ping -n -q -c 8 -i 0.2 -W 1 "$PUBLIC"
  spawn dhost ping -n -q -c 8 -i 0.2 "$PUBLIC"
  fetch c2 "http://$PUBLIC/1k" 1.5
  join
}
