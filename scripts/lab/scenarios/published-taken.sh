about="the rule of a published port is gone, and so are its docker-proxies: the host takes the calls by a process of its own"
home=docker
host=yes

prepare() {
  docker_guest lost -p 90:80 busybox:lab httpd -f -p 80 -h /www
  must dhost iptables -t nat -D DOCKER ! -i docker0 -p tcp --dport 90 -j DNAT --to-destination "$(docker_address lost):80"
  end_proxies 90
}

run() {
  serve dhost tcp 90 busybox httpd -f -p 90 -h "$(state_dir docker)/www"
  background 3
  pause 0.5
  fetch wan http://10.0.2.15:90/1k
  fetch wan http://10.0.2.15:90/1k
  fetch c1 http://10.0.2.15:90/1k
  fetch wan http://10.0.2.15:88/1k
  join
}

# end_proxies <port>: ends the docker-proxies that listen there.
end_proxies() {
  local pid
  for pid in $(nsenter --net="$(netns_file dhost)" -- ss -Hltnp "sport = :$1" | grep -o 'pid=[0-9]*'); do
    kill "${pid#pid=}"
  done
}
