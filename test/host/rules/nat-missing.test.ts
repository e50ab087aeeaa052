import { describe, expect, it } from "vitest";
import { natMissing } from "../../../src/host/rules/nat-missing.js";
import { Gathered } from "../../../src/packets/results/gathered.js";
import { readSnapshot } from "../../../src/host/snapshot/host-facts.js";

const NAT = ["*nat", ":PREROUTING ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]", ":DOCKER - [0:0]"];
const MASQUERADE = "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE";
const JUMP = "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER";
const DNAT = "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 88 -j DNAT --to-destination 172.17.0.2:80";
const PORT = { proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 };
const WEB = {
  id: "1",
  name: "web",
  started: "90.000000000",
  networkMode: "bridge",
  networks: [{ network: "bridge", addresses: ["172.17.0.2"] }],
  published: [PORT],
};
const BRIDGE = { name: "bridge", driver: "bridge", isInternal: false, options: {} };

interface Host {
  readonly nat?: readonly string[];
  readonly rules?: object;
  readonly web?: object;
  readonly network?: object;
  readonly engine?: object;
  readonly proxies?: readonly object[];
  readonly missing?: readonly object[];
}

/** What left as it came: of that container, and of another host. */
const LEFT = new Map(
  ["172.17.0.2", "172.17.0.9"].map((address, at) => {
    const gathered = new Gathered();
    gathered.flows.add(at + 1);
    return [address, gathered] as const;
  }),
);

/** What is said of a host with one container that publishes a port, and with these rules. */
function said({
  nat = [],
  rules = {},
  web = {},
  network = {},
  engine = {},
  proxies = [],
  missing = [],
}: Host): string[] {
  const snapshot = {
    format: "natcorr-snapshot",
    version: 1,
    time: "100.000000000",
    docker: { engine, networks: [{ ...BRIDGE, ...network }], containers: [{ ...WEB, ...web }] },
    rules: { iptables: [...NAT, ...nat, "COMMIT"], nft: [""], ...rules },
    dockerProxies: proxies,
    missing,
  };
  return natMissing(readSnapshot(JSON.stringify(snapshot)), LEFT).map(
    ({ code, count, text, flows }) => `${code} ${count}${flows.length === 0 ? "" : ` (flows ${flows.join()})`} ${text}`,
  );
}

const NO_DNAT = "no rule makes the DNAT of published ports, and no docker-proxy was seen to hold them: tcp 88→web:80";
const notMasqueraded = (names: string) => `no rule masquerades containers' networks: ${names}`;
const NO_MASQUERADE = notMasqueraded("bridge");

it("names what is published, and who is masqueraded, where rules that were flushed do neither", () => {
  expect(said({})).toEqual([`nat-missing 2 (flows 1) ${NO_DNAT}; ${NO_MASQUERADE}`]);
  expect(said({ rules: { iptables: [""] } })).toEqual([`nat-missing 2 (flows 1) ${NO_DNAT}; ${NO_MASQUERADE}`]);
  expect(said({ nat: [JUMP, DNAT] })).toEqual([`nat-missing 1 (flows 1) ${NO_MASQUERADE}`]);
  expect(said({ nat: [MASQUERADE] })).toEqual([`nat-missing 1 ${NO_DNAT}`]);
  expect(said({ nat: [MASQUERADE, JUMP, DNAT] })).toEqual([]);
});

it.each([
  ["packets never come to the rule", { nat: [MASQUERADE, DNAT] }],
  ["rules lead to other containers", { nat: [MASQUERADE, JUMP, DNAT.replace("172.17.0.2", "172.17.0.3")] }],
  ["a docker-proxy holds another port", { nat: [MASQUERADE], proxies: [{ ...PORT, pid: 7, hostPort: 89 }] }],
  [
    "the network has other modes for IPv6",
    {
      nat: [MASQUERADE],
      network: { options: { "com.docker.network.bridge.gateway_mode_ipv6": "routed" } },
    },
  ],
])("names a port where %s", (_, host) => {
  expect(said(host)).toEqual([`nat-missing 1 ${NO_DNAT}`]);
});

const bridgeOption = (name: string, value: string) => ({ options: { [`com.docker.network.bridge.${name}`]: value } });

it.each<[string, Host]>([
  ["a rule may lead anywhere", { nat: [MASQUERADE, "-A PREROUTING -p tcp -j REDIRECT --to-ports 8080"] }],
  ["a rule is not understood", { nat: [MASQUERADE, "-A PREROUTING -j SOMETHING --to-any 1"] }],
  ["a line cannot be read", { nat: ["-A"] }],
  ["kube-proxy translates", { nat: [":KUBE-SERVICES - [0:0]"] }],
  ["what is for a proxy passes by", { rules: { nft: ["table ip t {", "chain c {", "notrack", "}", "}"] } }],
  ["iptables' rules were not read", { rules: { iptables: undefined } }],
  ["nft's rules were not read", { rules: { nft: undefined } }],
  ["the engine is rootless", { engine: { isRootless: true } }],
  ["the host is a node of a Swarm", { engine: { isSwarm: true } }],
  ["the container had not begun", { web: { started: "100.000000000" } }],
  ["nobody tells when it began", { web: { started: undefined } }],
  ["it is on the host's network", { web: { networkMode: "host", networks: [], published: [] } }],
  ["it has no IPv4 address", { web: { networks: [{ network: "bridge", addresses: ["fd00:17::2"] }] } }],
  ["its network is internal", { network: { isInternal: true } }],
  ["its network is no bridge", { network: { driver: "macvlan" } }],
  ["its network is routed", { network: bridgeOption("gateway_mode_ipv4", "routed") }],
])("says nothing where %s", (_, host) => {
  expect(said(host)).toEqual([]);
});

it.each<[string, Host]>([
  ["a docker-proxy holds it", { proxies: [{ ...PORT, pid: 7 }] }],
  ["no docker-proxy could be read", { missing: [{ source: "docker-proxy", why: "not permitted" }] }],
  ["it is published over IPv6 alone", { web: { published: [{ ...PORT, hostAddress: "::" }] } }],
  ["it has no port of the host's", { web: { published: [{ ...PORT, hostPort: 0 }] } }],
])("says nothing of a port where %s", (_, host) => {
  expect(said(host)).toEqual([`nat-missing 1 (flows 1) ${NO_MASQUERADE}`]);
});

it("does not miss a masquerade that the network does without", () => {
  expect(said({ network: bridgeOption("enable_ip_masquerade", "false") })).toEqual([`nat-missing 1 ${NO_DNAT}`]);
});

it("goes by nft's rules, too, and says nothing without a snapshot, or one without Docker", () => {
  const nft = [
    "table ip docker-bridges {",
    "chain nat-pre {",
    "type nat hook prerouting priority dstnat; policy accept;",
    "tcp dport 88 dnat to 172.17.0.2:80",
    "}",
    "chain nat-post {",
    "type nat hook postrouting priority srcnat; policy accept;",
    "ip saddr 172.17.0.0/16 masquerade",
    "}",
    "}",
  ];
  expect(said({ rules: { nft } })).toEqual([]);
  expect(natMissing(undefined, LEFT)).toEqual([]);
  const bare = JSON.stringify({ format: "natcorr-snapshot", version: 1, time: "1.000000000" });
  expect(natMissing(readSnapshot(bare), LEFT)).toEqual([]);
});

describe("of several networks", () => {
  const APP = { ...BRIDGE, name: "app" };
  const API = { ...WEB, name: "api", networks: [{ network: "app", addresses: ["172.28.0.2"] }], published: [] };
  const interfaces = ["10.0.2.15", "172.17.0.1", "172.28.0.1"].map((local) => ({ addr_info: [{ local }] }));
  const OF_APP = MASQUERADE.replace("172.17", "172.28").replace("docker0", "br-app");
  const saidOf = (...nat: readonly string[]): string[] => {
    const snapshot = {
      format: "natcorr-snapshot",
      version: 1,
      time: "100.000000000",
      docker: { engine: {}, networks: [BRIDGE, APP], containers: [{ ...WEB, published: [] }, API] },
      interfaces,
      rules: { iptables: [...NAT, ...nat, "COMMIT"], nft: [""] },
    };
    return natMissing(readSnapshot(JSON.stringify(snapshot)), LEFT).map(({ text }) => text);
  };

  it("names the one whose rule is gone, and others have theirs", () => {
    expect(saidOf(MASQUERADE, OF_APP)).toEqual([]);
    expect(saidOf(MASQUERADE)).toEqual([notMasqueraded("app")]);
    expect(saidOf(OF_APP)).toEqual([notMasqueraded("bridge")]);
    expect(saidOf()).toEqual([notMasqueraded("bridge, app")]);
  });

  it.each([
    // what Docker has for published ports
    "-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    "-A POSTROUTING -s 172.28.0.2/32 -d 172.28.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE",
    "-A POSTROUTING -s 172.28.0.2/32 -j RETURN",
    "-A POSTROUTING ! -s 172.28.0.0/16 -o enp0s3 -j MASQUERADE",
  ])("names it beside a rule that does not masquerade it: %s", (rule) => {
    expect(saidOf(MASQUERADE, rule)).toEqual([notMasqueraded("app")]);
  });

  it.each([
    "-A POSTROUTING -o enp0s3 -j MASQUERADE",
    "-A POSTROUTING -s 172.16.0.0/12 -o enp0s3 -j SNAT --to-source 10.0.2.15",
    "-A POSTROUTING -s 172.28.0.2/32 -p udp -j MASQUERADE",
    "-A POSTROUTING -d 198.51.100.0/24 -j MASQUERADE",
    "-A POSTROUTING -m mark --mark 0x1 -j MASQUERADE",
    // nobody knows who has such an address
    "-A POSTROUTING -s 10.99.0.0/16 -j MASQUERADE",
  ])("says nothing where a rule may: %s", (rule) => {
    expect(saidOf(MASQUERADE, rule)).toEqual([]);
  });
});
