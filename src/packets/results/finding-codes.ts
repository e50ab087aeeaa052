/** What a finding may be about: how serious it is, and what to look at next. */
export const FINDINGS = {
  "address-clash": {
    severity: "warning",
    hint: "what answers them goes to the container: give one of the two hosts other networks (bip and default-address-pools in daemon.json), or have the other one hide its containers; ip route get <address> shows where answers go",
  },
  asymmetric: {
    severity: "info",
    hint: "does the way back avoid one of the two interfaces (ip route get <address>), or does a filter leave it out?",
  },
  "capture-loss": {
    severity: "warning",
    hint: "capture with a larger buffer (tcpdump -B, natcorr live -B) or a filter; with a shorter snaplen (-s), where frames are long",
  },
  "client-address-hidden": {
    severity: "info",
    hint: "docker's userland-proxy=false, or the SNAT rule: iptables -t nat -S POSTROUTING",
  },
  "connection-refused": {
    severity: "warning",
    hint: "whoever has that address does not listen on that port (ss -ltn there), or a firewall on the way rejects it: curl or nc from the host shows whether others get there",
  },
  "connection-reset": {
    severity: "warning",
    hint: "docker logs <container>, or the log of whoever was asked: a process that dies, or closes without reading all that was sent, resets; so do firewalls and proxies on the way. From the host, the same call shows whether others get an answer",
  },
  conntrack: {
    severity: "info",
    hint: "conntrack -E -o timestamp shows entries as they come and go, conntrack -L those that there are",
  },
  "conntrack-bypassed": {
    severity: "warning",
    hint: "conntrack -S counts what is invalid, which is not translated: nf_conntrack_tcp_be_liberal=1, or drop it (--ctstate INVALID)",
  },
  "conntrack-contradicted": {
    severity: "warning",
    hint: "--flow shows its packets, conntrack -L the entries as they are now",
  },
  "conntrack-deleted": {
    severity: "info",
    hint: "who runs conntrack -D or -F? Docker does for UDP as containers begin and end; a conversation goes on by a new entry, which may have another port, or of TCP with nf_conntrack_tcp_loose=0 untranslated",
  },
  "conntrack-evicted": {
    severity: "warning",
    hint: "conntrack -S: does early_drop count on? Then the table is full: sysctl -w net.netfilter.nf_conntrack_max=<entries>; else, did an address or an interface go (ip monitor)?",
  },
  "conntrack-incomplete": {
    severity: "warning",
    hint: "was the machine too busy to read conntrack's events in time? conntrack -L shows the entries as they are now",
  },
  "conntrack-missing": {
    severity: "info",
    hint: "conntrack -E must run before the first packet; conntrack -L shows only what lives",
  },
  "conntrack-timed-out": {
    severity: "info",
    hint: "it was silent for longer than nf_conntrack_…_timeout (sysctl -a): let it send something before, or raise that",
  },
  "conntrack-unread": { severity: "warning", hint: "record with conntrack -E -o timestamp,id, or conntrack -L" },
  "conntrack-unreplied": {
    severity: "warning",
    hint: "conntrack -S counts what is invalid; do answers come by another interface, or does a rule leave one way alone, or put it into a zone (NOTRACK, CT --zone: iptables -t raw -S, nft list ruleset)?",
  },
  "conntrack-unseen": { severity: "info", hint: "do the captures' filters, and their times, cover it?" },
  "dns-failing": {
    severity: "warning",
    hint: "dig @<resolver> <name> on the host shows whether it answers others: SERVFAIL, does it reach the servers that it asks, and is DNSSEC in order? REFUSED, may this client ask it? docker inspect (HostConfig.Dns) and /etc/resolv.conf tell who is asked",
  },
  "dns-no-such-name": {
    severity: "info",
    hint: "dig @<resolver> <name> on the host shows whether it is only there that nobody has that name; search and ndots of the container's /etc/resolv.conf, what is asked for",
  },
  dropped: {
    severity: "warning",
    hint: "--only dropped shows each; on the host: iptables -vnL FORWARD, conntrack -S, ip -s link",
  },
  "drop-conntrack": {
    severity: "warning",
    hint: "conntrack -S shows whether it counts on; sysctl -w net.netfilter.nf_conntrack_max=<entries> makes room for more",
  },
  "drop-conntrack-full": {
    severity: "warning",
    hint: "sysctl -w net.netfilter.nf_conntrack_max=<entries>, or shorter timeouts (net.netfilter.nf_conntrack_…_timeout…); conntrack -L shows whose the entries are",
  },
  "drop-no-route": {
    severity: "warning",
    hint: "ip route get <address> from <source> iif <interface> shows the way that the host takes, ip route show table all which there are",
  },
  "drop-not-forwarded": {
    severity: "warning",
    hint: "sysctl -w net.ipv4.ip_forward=1, or what the finding names; dockerd sets it as it starts: what resets it later (sysctl.d, another tool) undoes that",
  },
  "drop-reason": {
    severity: "warning",
    hint: "what each reason means: include/net/dropreason-core.h of the kernel; perf record -a -g -e skb:kfree_skb shows from where in the kernel",
  },
  "drop-reverse-path": {
    severity: "warning",
    hint: "rp_filter=2 takes what comes by another interface than answers leave by; ip route get <source> shows that one, nstat -az TcpExtIPReversePathFilter counts on",
  },
  "drop-rule": {
    severity: "warning",
    hint: "narrow the rule, or accept the packets before it, if they are meant to pass",
  },
  "drop-too-long": {
    severity: "warning",
    hint: "docker network create -o com.docker.network.driver.mtu=<bytes>, or TCPMSS --clamp-mss-to-pmtu; nstat -az IpFragFails Ip6InTooBigErrors counts on",
  },
  "drop-queue": {
    severity: "warning",
    hint: "tc -s qdisc shows what each queue dropped, how long it may be and how fast it sends",
  },
  "drop-unreachable": {
    severity: "warning",
    hint: "ip neigh shows whether the address, or its next hop, answers; ip -s neigh and /proc/net/stat/arp_cache (unresolved_discards) what was dropped meanwhile",
  },
  "drop-unexplained": {
    severity: "info",
    hint: "xtables-monitor --trace tells what a packet meets (iptables -t raw -A PREROUTING -s <address> -j TRACE), and perf trace -e skb:kfree_skb why it was dropped",
  },
  duplicates: { severity: "info", hint: "mirror one direction, or one port, if it matters" },
  "host-drops": {
    severity: "info",
    hint: "conntrack -S, and nstat -az, show whether it counts on",
  },
  "host-reset": {
    severity: "warning",
    hint: "conntrack -L shows whether its entry is there; conntrack -S counts what is invalid, which nf_conntrack_tcp_be_liberal=1 passes; iptables -S and nft list ruleset show who rejects with a reset",
  },
  leak: {
    severity: "warning",
    hint: "iptables -t nat -S POSTROUTING shows whom the NAT hides, conntrack -L whose entry is there",
  },
  "missing-pieces": {
    severity: "warning",
    hint: "a queue behind the cut dropped them: tc -s qdisc show dev <interface>, ip -s link; --flow shows the segments",
  },
  mtu: {
    severity: "warning",
    hint: "ip link shows MTUs, ip route get <address> which one counts; docker network create -o com.docker.network.driver.mtu=<bytes>, or TCPMSS --clamp-mss-to-pmtu",
  },
  "nat-address-changed": {
    severity: "warning",
    hint: "ip route get <address> shows which address is taken, and ip monitor address when one goes; connections from the one before do not go on",
  },
  "nat-clash-drop": {
    severity: "warning",
    hint: "conntrack -S counts it as insert_failed; MASQUERADE --random-fully draws other ports",
  },
  "nat-missing": {
    severity: "warning",
    hint: "systemctl restart docker makes Docker's rules again (podman network reload --all those of Podman), unless it runs with --iptables=false; iptables -t nat -S shows which there are. A firewall that starts anew (firewalld, ufw, iptables-restore) takes them away",
  },
  "no-response": {
    severity: "info",
    hint: "the network brought it there: docker ps shows whether the container is paused, docker logs and docker top what it does, or waits for (a database, a full disk, a pool that is used up)",
  },
  "nothing-paired": {
    severity: "warning",
    hint: "sysctl net.ipv4.ip_forward shows whether the host forwards; iptables -vnL FORWARD, what it drops; ip route get <address>, where it sends the rest",
  },
  "port-rewritten": { severity: "info", hint: "a NAT takes another port where the wanted one is in use" },
  refused: {
    severity: "warning",
    hint: "on the host: iptables -S and nft list ruleset show what rejects, ip route get <address> and ip neigh whether there is a way",
  },
  "reply-untranslated": {
    severity: "warning",
    hint: "conntrack -S counts what is invalid, which is not translated: nf_conntrack_tcp_be_liberal=1, or drop it (--ctstate INVALID)",
  },
  retransmissions: {
    severity: "info",
    hint: "--flow shows the packets of one; in NDJSON, those pairs say retransmission",
  },
  rewritten: {
    severity: "info",
    hint: "iptables -t mangle -S shows rules that do that (TCPMSS, TTL, DSCP), and iptables -t raw -S helpers (CT --helper)",
  },
  rule: { severity: "info", hint: "-v names below each translation the rules behind it" },
  "rule-missing": {
    severity: "warning",
    hint: "are these the rules of that host and time? iptables-save -t nat, nft list ruleset",
  },
  "rules-changed": {
    severity: "info",
    hint: "who changes them: a firewall that starts anew (firewalld, ufw, iptables-restore), a script, fail2ban; nft monitor says which process does",
  },
  "rules-unread": { severity: "warning", hint: "what such a rule matches counts as possible" },
  "trace-unread": { severity: "warning", hint: "record with nft monitor trace, or xtables-monitor --trace" },
  "kernel-drops": {
    severity: "info",
    hint: "perf record -a -g -e skb:kfree_skb shows from where in the kernel, nstat counts on what for",
  },
  "several-nat-addresses": {
    severity: "warning",
    hint: "iptables -t nat -S POSTROUTING and ip route get <address> show which address is taken; ip addr, whose it is",
  },
  "slow-retry": {
    severity: "warning",
    hint: "--flow shows what was dropped; iptables -vnL FORWARD counts what rules drop, conntrack -S (insert_failed) what clashed: first packets from one port at a time",
  },
  "stale-entry": {
    severity: "warning",
    hint: "conntrack -D -p udp --dport <the host's port> deletes the entry: the next packet makes a new one, as the rules are by then",
  },
  "swapped-sides": {
    severity: "warning",
    hint: "the containers' side comes first: natcorr file <inside> <outside>",
  },
  tunnel: {
    severity: "info",
    hint: "-v tells which packets came in it; on the host, ip -d link shows whose it is",
  },
  unanswered: {
    severity: "warning",
    hint: "ping and traceroute from the host show whether anybody is there; if so, somebody beyond the host drops it, or the answers",
  },
  untranslated: { severity: "info", hint: "iptables -t nat -S POSTROUTING shows whom the NAT hides" },
} as const satisfies Record<string, { readonly severity: "info" | "warning"; readonly hint: string }>;

export type FindingCode = keyof typeof FINDINGS;
