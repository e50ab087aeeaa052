about="the article: ping -c 5 from a container, masqueraded to the host's address"
home=docker

run() {
  busybox_ping c1 -c 5 "$PUBLIC"
  join
}
