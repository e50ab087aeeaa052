about="FTP through nf_nat_ftp: PORT and EPRT commands are rewritten and change their length, so the numbers behind them are shifted"
home=plain

# An active FTP client of a few commands, and a server that answers each line: what the helper looks at is the commands.
run() {
  serve wan tcp 21 node "$HERE/ftp.mjs" serve
  rule iptables -t raw -A PREROUTING -p tcp --dport 21 -j CT --helper ftp
  spawn c1 node "$HERE/ftp.mjs" talk "$PUBLIC" 172.17.0.3
  spawn c2 node "$HERE/ftp.mjs" talk "$PUBLIC" 172.17.0.4
  join
}
