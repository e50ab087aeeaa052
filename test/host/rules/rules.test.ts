import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { RuleHistory } from "../../../src/host/rules/times/rule-history.js";
import { RuleCheck } from "../../../src/host/rules/rule-check.js";
import { RuleBook } from "../../../src/host/rules/rules.js";
import { OUTSIDE } from "../../../src/packets/sides.js";
import { explained, fetched, fetchedIpv6, named, nat, pinged, published, publishedIpv6, routed } from "./explained.js";
import { flow } from "../flow.js";
import { DOCKER_IP6TABLES, DOCKER_IPTABLES, DOCKER_NFT, LEGACY_COUNTED, NATIVE_NFT } from "./rulesets.js";

/** A question to a cluster's DNS that one of its servers gets. */
const resolved = (endpoint: string) =>
  flow("udp", "inside", "10.244.1.5.7 > 10.96.0.10.53", `10.244.1.5.7 > ${endpoint}.53`);

/** What a proxy took that was sent to this port. */
const taken = (port: number) =>
  flow("tcp", "inside", `172.17.0.3.5 > 180.101.49.11.${port}`, `10.0.2.15.9 > 180.101.49.11.${port}`, {
    nat: "proxy",
  });

/** The rules behind a fetched page, where one masquerades what these options ask for. */
const asked = (options: string) => explained(nat(`-A POSTROUTING ${options} -j MASQUERADE`), fetched);

describe("Docker's rules", () => {
  const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";

  test("as iptables-save and ip6tables-save write them, one after the other", () => {
    const text = DOCKER_IPTABLES + DOCKER_IP6TABLES;
    expect(new RuleBook(text).problems).toEqual([]);
    expect(explained(text, fetched)).toEqual([MASQUERADE]);
    expect(explained(text, pinged)).toEqual([MASQUERADE]);
    expect(explained(text, published)).toEqual([
      "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80",
    ]);
    expect(explained(text, fetchedIpv6)).toEqual(["-A POSTROUTING -s fd00:17::/64 ! -o docker0 -j MASQUERADE"]);
    expect(explained(text, publishedIpv6)).toEqual([
      "-A PREROUTING -d fd00:2::15/128 -p tcp -m tcp --dport 88 -j DNAT --to-destination [fd00:17::2]:80",
    ]);
    expect(explained(text, routed)).toEqual([]);
  });

  test("as nft lists them", () => {
    expect(new RuleBook(DOCKER_NFT).problems).toEqual([]);
    expect(explained(DOCKER_NFT, fetched)).toEqual(['oifname != "docker0" ip saddr 172.17.0.0/16 masquerade']);
    expect(explained(DOCKER_NFT, published)).toEqual(['iifname != "docker0" tcp dport 88 dnat to 172.17.0.2:80']);
    expect(explained(DOCKER_NFT, fetchedIpv6)).toEqual([
      'oifname != "docker0" ip6 saddr fd00:17::/64 XT target MASQUERADE not found',
    ]);
  });

  test("with counters, and beside nft's own", () => {
    expect(explained(LEGACY_COUNTED, fetched)).toEqual([MASQUERADE]);
    // nobody tells which of the two tables is asked first
    expect(explained(LEGACY_COUNTED + NATIVE_NFT, fetched)).toEqual([
      `? ${MASQUERADE}`,
      '? ip saddr @lan oifname "enp0s3" masquerade random,persistent',
    ]);
    expect(explained(DOCKER_IPTABLES + DOCKER_NFT, fetched)).toEqual([MASQUERADE]);
    const beside = flow("tcp", "outside", "10.0.2.2.1 > 172.17.0.2.99", "10.0.2.2.1 > 10.0.2.15.99");
    expect(explained(DOCKER_IPTABLES + NATIVE_NFT, beside)).toEqual(["tcp dport 99 dnat ip to 172.17.0.2:99"]);
  });

  test("where the interfaces' names are not known, a rule that asks for them is possible", () => {
    expect(explained(DOCKER_IPTABLES, fetched, "", "")).toEqual([`? ${MASQUERADE}`]);
    expect(explained(LEGACY_COUNTED.replace("! -o docker0 ", ""), fetched, "", "")).toEqual([
      "-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE",
    ]);
  });

  test("do not explain another port, another container, another network or another way", () => {
    const none = [
      flow("tcp", "outside", "10.0.2.2.1 > 172.17.0.2.80", "10.0.2.2.1 > 10.0.2.15.89"),
      flow("tcp", "outside", "10.0.2.2.1 > 172.17.0.3.80", "10.0.2.2.1 > 10.0.2.15.88"),
      flow("tcp", "outside", "10.0.2.2.1 > 172.17.0.2.81", "10.0.2.2.1 > 10.0.2.15.88"),
      flow("udp", "outside", "10.0.2.2.1 > 172.17.0.2.80", "10.0.2.2.1 > 10.0.2.15.88"),
      flow("tcp", "inside", "172.18.0.3.1 > 10.0.2.2.80", "10.0.2.15.1 > 10.0.2.2.80"),
      fetchedIpv6,
    ];
    for (const each of none) expect(explained(DOCKER_IPTABLES, each)).toEqual([]);
    expect(explained(DOCKER_IPTABLES, fetched, "enp0s3", "docker0")).toEqual([]);
  });
});

describe("what iptables' rules may ask for", () => {
  const FALLBACK = "-A POSTROUTING -j MASQUERADE";

  // each as iptables-save prints it
  test.each([
    "-o enp+",
    "-o enp0s3 -p tcp",
    "! -d 10.0.0.0/8",
    "! -p udp",
    "-p tcp -m multiport --dports 79,80,443",
    "-p tcp -m multiport --ports 38000:39000",
    "-p tcp -m tcp ! --sport 1:1024 --dport 80",
    "-m iprange --src-range 172.17.0.3-172.17.0.20 --dst-range 180.101.49.11-180.101.49.12",
    "-p tcp -m multiport ! --sports 1:1024",
    "-m state --state NEW",
    "-p all",
    '-m comment --comment "the web \\"shop\\" -j DROP"',
    "-m conntrack --ctstate NEW,RELATED",
    "-m addrtype ! --dst-type LOCAL",
    "-m addrtype ! --src-type LOCAL",
  ])("%s is met", (options) => {
    expect(asked(options)).toEqual([`-A POSTROUTING ${options} -j MASQUERADE`]);
  });

  test.each([
    "-o enp",
    "-o wlan+",
    "! -o enp0s3",
    "! -p tcp",
    "-p icmp -m icmp --icmp-type 8",
    "-p tcp -m multiport --dports 81:90",
    "-p tcp -m tcp --sport 1:1024",
    "-m iprange ! --src-range 172.17.0.3-172.17.0.20",
    "-m addrtype --dst-type LOCAL",
    "-m statistic --mode random --probability 0.5 -d 10.0.0.0/8",
  ])("%s is not", (options) => {
    expect(asked(options)).toEqual([]);
  });

  test.each([
    "-m mark --mark 0x1",
    "-m mark ! --mark 0x4000/0x4000",
    "-p tcp -m tcp --tcp-flags SYN,RST SYN",
    "-m statistic --mode random --probability 0.50000000000",
    "-m set --match-set lan src",
    "-m addrtype --dst-type UNICAST",
    "-m conntrack --ctstate DNAT",
  ])("%s may be met, and then no other rule is asked", (options) => {
    const rule = `-A POSTROUTING ${options} -j MASQUERADE`;
    expect(explained(nat(rule, FALLBACK), fetched)).toEqual([`? ${rule}`, `? ${FALLBACK}`]);
  });

  test("an echo request is one", () => {
    const rule = "-A POSTROUTING -p icmp -m icmp --icmp-type 8 -j MASQUERADE";
    expect(explained(nat(rule), pinged)).toEqual([rule]);
  });

  test("a destination that was rewritten, behind a masquerade", () => {
    const rules = [
      "-A PREROUTING -d 10.0.2.15/32 -p tcp -m tcp --dport 8888 -j DNAT --to-destination 172.17.0.2:80",
      "-A POSTROUTING -d 172.17.0.2/32 -o docker0 -p tcp -m tcp --dport 80 -m conntrack --ctstate DNAT -j MASQUERADE",
    ];
    const both = flow("tcp", "outside", "172.17.0.1.5 > 172.17.0.2.80", "10.0.2.2.5 > 10.0.2.15.8888");
    expect(explained(nat(...rules), both)).toEqual(rules);
    expect(new RuleBook(nat(...rules)).explain(both, named("docker0", "enp0s3")).map(({ kind }) => kind)).toEqual([
      "dnat",
      "snat",
    ]);
  });
});

describe("comments with newlines", () => {
  const MASQUERADE = "-A POSTROUTING -j MASQUERADE";
  const comment =
    '"a\\"\n[7:420] -A POSTROUTING -j SNAT --to-source 10.0.2.15\nCOMMIT\n[0:0] -A POSTROUTING -m comment --comment \\"b"';

  test("hold no rules, whatever looks like one in them", () => {
    const rules = nat(`-A POSTROUTING -s 9.9.9.9/32 -m comment --comment ${comment} -j ACCEPT`, MASQUERADE, "what");
    expect(explained(rules, fetched)).toEqual([MASQUERADE]);
    // lines keep their numbers
    expect(new RuleBook(rules).problems).toEqual(["1 line could not be read: line 8, 'what'"]);
    expect(rules.split("\n")[7]).toBe("what");
  });

  test("hold none in nft's strings", () => {
    const said = "a\n}\nchain c { masquerade }\n#";
    const rules = `table ip nat {\n\tchain p {\n\t\ttype nat hook postrouting priority 100;\n\t\tip saddr 9.9.9.9 accept comment "${said}"\n\t\tmasquerade\n\t}\n}\n`;
    expect(new RuleBook(rules).problems).toEqual([]);
    expect(explained(rules, fetched)).toEqual(["masquerade"]);
  });

  test("are not looked for where a quote is never closed: what follows is read", () => {
    expect(explained(nat('-A POSTROUTING -s 9.9.9.9/32 -m comment --comment "a', MASQUERADE), fetched)).toEqual([
      MASQUERADE,
    ]);
  });
});

describe("the way through the chains", () => {
  const MASQUERADE = "-A POSTROUTING -j MASQUERADE";

  test.each([
    ["accept ends it", ["-A POSTROUTING -s 172.17.0.0/16 -j ACCEPT", MASQUERADE], []],
    ["a log does not", ['-A POSTROUTING -j LOG --log-prefix "-j ACCEPT"', MASQUERADE], [MASQUERADE]],
    [
      "return goes on after the jump",
      ["-A POSTROUTING -j DOCKER", MASQUERADE, "-A DOCKER -j RETURN", "-A DOCKER -j ACCEPT"],
      [MASQUERADE],
    ],
    ["goto does not come back", ["-A POSTROUTING -g DOCKER", MASQUERADE], []],
    [
      "goto comes back to where its chain was jumped from",
      ["-A POSTROUTING -j ONE", MASQUERADE, "-A ONE -g DOCKER", "-A ONE -j ACCEPT"],
      [MASQUERADE],
    ],
    [
      "the first rule that is met decides",
      [MASQUERADE, "-A POSTROUTING -s 172.17.0.0/16 -j SNAT --to-source 10.0.2.15"],
      [MASQUERADE],
    ],
    ["even where it makes something else", ["-A POSTROUTING -j SNAT --to-source 10.0.2.99", MASQUERADE], []],
    [
      "what makes something else was not met if it need not be",
      ["-A POSTROUTING -m mark --mark 0x1 -j SNAT --to-source 10.0.2.99", MASQUERADE],
      [MASQUERADE],
    ],
    [
      "a possible return leaves doubt",
      ["-A POSTROUTING -m mark --mark 0x1 -j RETURN", MASQUERADE],
      [`? ${MASQUERADE}`],
    ],
    [
      "a possible jump that comes back leaves none",
      ["-A POSTROUTING -m mark --mark 0x1 -j DOCKER", MASQUERADE, "-A DOCKER -p udp -j ACCEPT"],
      [MASQUERADE],
    ],
    [
      "a target not known may be it",
      ["-A POSTROUTING -j WHAT --ever 1", MASQUERADE],
      ["? -A POSTROUTING -j WHAT --ever 1", `? ${MASQUERADE}`],
    ],
    ["redirected packets are not forwarded", ["-A POSTROUTING -j REDIRECT --to-ports 53", MASQUERADE], []],
    ["a whole network is mapped", ["-A POSTROUTING -s 172.17.0.0/29 -j NETMAP --to 10.0.2.8/29", MASQUERADE], []],
    [
      "address by address",
      ["-A POSTROUTING -s 172.17.0.3/32 -j NETMAP --to 10.0.2.15/32"],
      ["-A POSTROUTING -s 172.17.0.3/32 -j NETMAP --to 10.0.2.15/32"],
    ],
    ["ports of masquerading", ["-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024-2048"], []],
  ])("%s", (_, rules, expected) => {
    expect(explained(nat(...rules), fetched)).toEqual(expected);
  });

  // as kube-proxy writes them: each endpoint is taken by chance, and what came out tells which
  test("of rules taken by chance, the one that makes what came out", () => {
    const rules = [
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
      '-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC',
      "-A KUBE-SVC -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-1",
      "-A KUBE-SVC -j KUBE-SEP-2",
      "-A KUBE-SEP-1 -p udp -m udp -j DNAT --to-destination 10.244.0.2:53",
      "-A KUBE-SEP-2 -p udp -m udp -j DNAT --to-destination 10.244.0.3:53",
    ];
    expect(explained(nat(...rules), resolved("10.244.0.2"))).toEqual([`? ${rules[4]}`]);
    expect(explained(nat(...rules), resolved("10.244.0.3"))).toEqual([rules[5]]);
  });

  test("a destination is local if it was rewritten on its way in from outside, and nobody knows if from inside", () => {
    const rules = nat("-A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 9.9.9.9");
    const rule = rules.split("\n")[2];
    const inward = flow("udp", "outside", "10.0.2.2.1 > 9.9.9.9.53", "10.0.2.2.1 > 10.0.2.15.53");
    const outward = flow("udp", "inside", "172.17.0.3.1 > 8.8.8.8.53", "172.17.0.3.1 > 9.9.9.9.53");
    expect(explained(rules, inward)).toEqual([rule]);
    expect(explained(rules, outward)).toEqual([`? ${rule}`]);
  });

  test("what a proxy took, by the rule that gave it to that; of a proxy by its own address, none", () => {
    const text = readFileSync(join(import.meta.dirname, "recorded", "targets.txt"), "utf8");
    expect(explained(text, taken(8080))).toEqual([
      "-A PREROUTING -i docker0 -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3128",
    ]);
    expect(explained(text, taken(8443))).toEqual([
      "-A PREROUTING -i docker0 -p tcp -m tcp --dport 8443 -j TPROXY --on-port 3129 --on-ip 127.0.0.1 --tproxy-mark 0x1/0x1",
    ]);
    expect(explained(text, taken(80))).toEqual([]);
    const proxied = flow("tcp", "outside", "172.17.0.1.6 > 172.17.0.2.80", "10.0.2.2.5 > 10.0.2.15.88", {
      nat: "proxy",
    });
    expect(explained(DOCKER_IPTABLES, proxied)).toEqual([]);
    const table =
      "table inet t { chain p { type filter hook prerouting priority mangle; tcp dport 8443 tproxy ip to 127.0.0.1:3129 meta mark set 0x1 accept; } }";
    expect(new RuleBook(table).explain(taken(8443), named("docker0", "enp0s3"))).toEqual([
      {
        rule: "inet t p tcp dport 8443 tproxy ip to 127.0.0.1:3129 meta mark set 0x1 accept",
        kind: "redirect",
        isCertain: true,
        to: null,
        isMaker: false,
      },
    ]);
  });

  test.each([
    [
      "of iptables",
      "*raw\n-A PREROUTING -s 172.17.0.3/32 -j CT --notrack\nCOMMIT\n",
      "-A PREROUTING -s 172.17.0.3/32 -j CT --notrack",
    ],
    ["of iptables, by its older name", "*raw\n-A PREROUTING -j NOTRACK\nCOMMIT\n", "-A PREROUTING -j NOTRACK"],
    [
      "of nft",
      `table ip t { chain p { type filter hook prerouting priority raw; ip saddr 172.17.0.3 notrack; } }`,
      "ip saddr 172.17.0.3 notrack",
    ],
    [
      "that asks for more",
      "*raw\n-A PREROUTING -m string --string a -j CT --notrack\nCOMMIT\n",
      "? -A PREROUTING -m string --string a -j CT --notrack",
    ],
    ["of another's packets", "*raw\n-A PREROUTING -s 172.17.0.4/32 -j CT --notrack\nCOMMIT\n", undefined],
    [
      "that comes too late",
      "table ip t { chain p { type filter hook prerouting priority mangle; ip saddr 172.17.0.3 notrack; } }",
      undefined,
    ],
    ["that comes too late in iptables", "*mangle\n-A PREROUTING -j CT --notrack\nCOMMIT\n", undefined],
    ["for a zone", "*raw\n-A PREROUTING -j CT --zone 7\nCOMMIT\n", undefined],
  ])("what left as it came, by the rule that has conntrack leave it alone: %s", (_, rules, rule) => {
    const text = DOCKER_IPTABLES + rules;
    expect(explained(text, routed)).toEqual(rule === undefined ? [] : [rule]);
    expect(explained(text, fetched).some((each) => /notrack/i.test(each))).toBe(false);
    const check = new RuleCheck(new RuleHistory(text), named("docker0", "enp0s3"));
    expect(check.trackingOf(routed) === "untracked").toBe(rule !== undefined && !rule.startsWith("?"));
  });

  test("what is turned round on the outside comes in there as its first form, and leaves there", () => {
    const rules = [
      "-A PREROUTING -i enp0s3 -p tcp -m tcp --dport 9999 -j DNAT --to-destination 203.0.113.50:9000",
      "-A POSTROUTING -d 203.0.113.50/32 -o enp0s3 -p tcp -m tcp --dport 9000 -j MASQUERADE",
    ];
    const turned = flow("tcp", "outside", "10.0.2.2.51001 > 10.0.2.15.9999", "10.0.2.15.51001 > 203.0.113.50.9000", {
      sides: [OUTSIDE, OUTSIDE],
    });
    expect(explained(nat(...rules), turned)).toEqual(rules);
  });

  test("chains that jump to each other come to an end, which is said", () => {
    const book = new RuleBook(
      nat("-A POSTROUTING -j DOCKER", MASQUERADE, "-A DOCKER -j DOCKER", "-A DOCKER -j DOCKER"),
    );
    expect(book.explain(fetched, named("docker0", "enp0s3")).every(({ isCertain }) => !isCertain)).toBe(true);
    expect(book.problems).toEqual(["jumps do not end, or there are too many rules: some were not looked at"]);
  });
});

describe("findings", () => {
  test("translations that no rule explains", () => {
    const history = new RuleHistory(DOCKER_IPTABLES.replaceAll(/-A POSTROUTING.*|-A DOCKER.*/g, "") + DOCKER_IP6TABLES);
    const check = new RuleCheck(history, named("docker0", "enp0s3"));
    for (let id = 1; id <= 7; id++) check.flow({ ...(id % 2 === 0 ? fetched : published), id });
    check.flow({ ...fetchedIpv6, id: 8 });
    check.flow({ ...routed, id: 9 });
    check.flow({ ...published, nat: "proxy", id: 10 });
    expect(check.end()).toEqual([
      expect.objectContaining({
        severity: "warning",
        code: "rule-missing",
        count: 7,
        text: "no rule explains the translation",
        flows: [1, 2, 3, 4, 5, 6, 7],
      }),
    ]);
  });

  test("flows of an IP version that nobody saved the rules of are no translations without a rule", () => {
    const check = new RuleCheck(new RuleHistory(DOCKER_IPTABLES), named("docker0", "enp0s3"));
    check.flow({ ...fetched, id: 1 });
    check.flow({ ...fetchedIpv6, id: 2 });
    const text = "no rules of IPv6 were given, and flows of it are translated";
    expect(check.end()).toEqual([expect.objectContaining({ code: "rules-unread", count: 1, text, flows: [2] })]);
  });

  test("one half explained is not enough, but a port that clashed needs no rule", () => {
    const check = new RuleCheck(new RuleHistory(DOCKER_IPTABLES), named("docker0", "enp0s3"));
    check.flow(flow("tcp", "outside", "172.17.0.1.5 > 172.17.0.2.80", "10.0.2.2.5 > 10.0.2.15.88", { id: 4 }));
    check.flow(flow("tcp", "outside", "10.0.2.2.6 > 172.17.0.2.80", "10.0.2.2.5 > 10.0.2.15.88", { id: 5 }));
    expect(check.end()[0].flows).toEqual([4]);
  });

  test("what could not be read", () => {
    const text = `hello\n${DOCKER_IPTABLES.replace("-A PREROUTING", "-X PREROUTING")}table arp x { }\nwhat\n`;
    expect(new RuleBook(text).problems).toEqual(["3 lines could not be read, the first is line 1, 'hello'"]);
    expect(new RuleCheck(new RuleHistory("\n"), named("", "")).end()).toEqual([
      expect.objectContaining({
        severity: "warning",
        code: "rules-unread",
        count: 1,
        text: "of the rules, not all is known: there are no NAT chains in it",
      }),
    ]);
  });
});
