about="nothing is forwarded: container to container, container to host and back, the host's own traffic on the uplink"
home=docker
snaplen=256

run() {
  busybox_ping c1 -c 2 172.17.0.4
  busybox_ping c1 -c 2 172.17.0.1
  busybox_ping c2 -c 2 10.0.2.15
  busybox_ping dhost -c 2 "$PUBLIC"
  busybox_ping dhost -c 2 172.17.0.3
  busybox_ping wan -c 2 10.0.2.15
  fetch c1 http://172.17.0.2/1k
  fetch dhost http://172.17.0.2/1k
  fetch dhost http://127.0.0.1:88/1k
  fetch dhost http://10.0.2.15:88/1k
  fetch dhost "http://$PUBLIC/1k"
  join
}
