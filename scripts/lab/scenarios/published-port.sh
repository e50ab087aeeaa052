about="from outside to a container's published port (-p 88:80): DNAT"
home=docker
snaplen=256

run() {
  fetch wan http://10.0.2.15:88/
  join
  fetch wan http://10.0.2.15:88/20k
  fetch wan http://10.0.2.15:88/20k
  fetch far http://10.0.2.15:88/1k
  fetch far http://10.0.2.15:88/missing
  join
}
