about="an answer from outside of a connection's window, which conntrack takes for invalid: the host gets it, and resets the connection (moby/libnetwork#1090)"
home=docker

run() {
  stray_answer
  background 2
  fetch c1 "http://$PUBLIC/1k" 2
  join
  fetch c1 "http://$PUBLIC/1k" 2
  join
}
