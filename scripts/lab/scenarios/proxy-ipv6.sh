about="from outside over IPv6 to a published port: docker-proxy carries the bytes on to the IPv4 container"
home=docker

run() {
  fetch wan 'http://[fd00:2::15]:88/'
  join
  fetch wan 'http://[fd00:2::15]:88/1k'
  fetch wan 'http://[fd00:2::15]:88/20k'
  fetch far 'http://[fd00:2::15]:88/1k'
  join
}
