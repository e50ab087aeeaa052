about="another bridge, br-app, that is not captured: what its container sends and publishes (-p 8080:80) is forwarded, not the host's own"
home=docker
rules=yes
snaplen=256

run() {
  docker_app 172.18.0.0/16 -p 8080:80 busybox:lab httpd -f -p 80 -h /www
  background 3
  fetch app "http://$PUBLIC/1k"
  spawn app ping -n -q -c 4 -i 0.2 "$PUBLIC"
  fetch wan http://10.0.2.15:8080/1k
  fetch far http://10.0.2.15:8080/1k
  # what docker0 has to do with, and what the host itself does
  fetch c1 "http://$PUBLIC/1k"
  fetch wan http://10.0.2.15:88/1k
  spawn dhost ping -n -q -c 4 -i 0.2 "$PUBLIC"
  # between the two: by the published port
  fetch c2 http://10.0.2.15:8080/1k
  join
}
