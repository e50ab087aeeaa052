about="containers to their own host's published port: docker-proxy, both connections on docker0 and nothing on the uplink"
home=docker

run() {
  fetch c1 http://10.0.2.15:88/
  join
  fetch c1 http://10.0.2.15:88/20k
  fetch c2 http://10.0.2.15:88/1k
  fetch c2 http://172.17.0.1:88/1k
  join
}
