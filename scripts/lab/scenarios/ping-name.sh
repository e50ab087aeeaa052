about="the article: ping -c 5 www.baidu.com; the container asks a resolver beyond the NAT, which knows it by an alias"
home=docker

run() {
  serve wan udp 53 node "$HERE/traffic.mjs" resolve 10.0.2.2 53 "www.baidu.com=www.a.shifen.com=$PUBLIC"
  engine run --rm --dns 10.0.2.2 busybox:lab ping -c 5 www.baidu.com >/dev/null
}
