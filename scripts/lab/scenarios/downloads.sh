about="parallel HTTP downloads from two containers, segments of up to 64 KB (TSO)"
home=docker
snaplen=128

run() {
  local size
  for size in index.html 20k 200k 200k; do
    fetch c1 "http://$PUBLIC/$size"
    fetch c2 "http://$PUBLIC/$size"
  done
  join
}
