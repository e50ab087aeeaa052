about="the article: a busybox pings www.baidu.com; somebody calls port 88, which Docker publishes; the host calls a published port of its own"
home=docker
host=yes

prepare() {
  undo article_down
  docker_container busybox --dns 10.0.2.2 busybox:lab sleep 1000000
  docker_container sleepy_tesla -p 32773:80 busybox:lab httpd -f -p 80 -h /www
}

article_down() {
  engine rm -f busybox sleepy_tesla >/dev/null
  ip netns del "$(netns docker busybox)"
  ip netns del "$(netns docker sleepy_tesla)"
}

run() {
  serve wan udp 53 node "$HERE/traffic.mjs" resolve 10.0.2.2 53 "www.baidu.com=www.a.shifen.com=$PUBLIC"
  engine exec busybox ping -c 3 www.baidu.com >/dev/null
  fetch wan http://10.0.2.15:88/
  fetch far http://10.0.2.15:88/1k
  fetch dhost http://10.0.2.15:32773/
  fetch dhost http://127.0.0.1:88/
  join
}
