about="what goes to published ports: from outside by DNAT and by docker-proxy, from the host itself, to one where nobody listens, and to one that DOCKER-USER closes"
home=docker
host=yes

prepare() {
  docker_guest shut -p 89:81 -p 91:82/udp busybox:lab sleep 1000000
  docker_guest closed -p 90:80 busybox:lab httpd -f -p 80 -h /www
  rule iptables -t filter -I DOCKER-USER -d "$(docker_address closed)" -p tcp --dport 80 -j DROP
}

run() {
  background 5
  # its own packets show where it is
  spawn closed ping -n -q -c 2 -i 0.2 "$PUBLIC"
  pause 0.5
  calls wan 10.0.2.15:88 '[fd00:2::15]:88' 10.0.2.15:89 10.0.2.15:89
  ask wan UDP4:10.0.2.15:91
  fetch wan http://10.0.2.15:90/ 2
  pause 1
  # by its own address, by docker-proxy, straight to the container, and to where nobody listens
  calls dhost 10.0.2.15:88 10.0.2.15:88 127.0.0.1:88 172.17.0.2:80 10.0.2.15:89
  ask dhost UDP4:10.0.2.15:91
  ask dhost UDP4:127.0.0.1:91
  join
}

# calls <place> <host and port…>: one after the other.
calls() {
  local place=$1
  shift
  spawn "$place" bash -c 'for each; do timeout 5 busybox wget -q -O /dev/null "http://$each/"; done' calls "$@"
}

# ask <place> <socat address>: a datagram, and what comes back.
ask() { spawn "$1" bash -c 'echo anybody | timeout 2 socat -t 1 - "$1"' ask "$2"; }
