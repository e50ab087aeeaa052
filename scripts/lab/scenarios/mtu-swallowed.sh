about="the host itself drops what is longer than 1300 bytes, and nobody says so: uploads hang, whatever they carry, and all that is shorter crosses"
home=plain
snaplen=128

# upload_text <place> <letter> <bytes>: a short request, and then a body, while the server goes on to say something.
upload_text() {
  spawn "$1" bash -c '{ printf "%0100d" 0; sleep 0.3; printf "%0$2d" 0 | tr 0 "$1"; sleep 6; } | socat -t 0 - "TCP:$0:9003"' "$PUBLIC" "$2" "$3"
}

run() {
  rule iptables -t filter -I FORWARD -i docker0 -m length --length 1301:65535 -j DROP
  serve wan tcp 9003 socat TCP-LISTEN:9003,fork,reuseaddr 'SYSTEM:for n in 1 2 3; do sleep 1; echo wait; done; sleep 2'
  background 7
  upload_text c1 a 1400
  upload_text c1 b 1420
  upload_text c2 c 1300
  upload_text web d 1448
  join
}
