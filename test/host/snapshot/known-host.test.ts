import { expect, it } from "vitest";
import { newsOf } from "../../../src/host/snapshot/host-facts.js";
import { KnownHost } from "../../../src/host/snapshot/known-host.js";

const WEB = {
  id: "1",
  name: "web",
  started: "7.000000000",
  networks: [{ network: "bridge", addresses: ["172.17.0.2"] }],
  published: [{ proto: "tcp", hostAddress: "0.0.0.0", hostPort: 88, containerPort: 80 }],
};

const snapshot = (timeS: number, more: object = {}) =>
  newsOf({ format: "natcorr-snapshot", version: 1, time: `${timeS}.000000000`, ...more });
const change = (timeS: number, id: string, container?: object) =>
  newsOf({ format: "natcorr-change", version: 1, time: `${timeS}.000000000`, id, container });
const rules = (...iptables: readonly string[]) => ({ rules: { iptables: ["*nat", ...iptables] } });

it("knows names by snapshots and by changes, and what is in neither goes on", () => {
  const known = new KnownHost();
  expect(known.take(snapshot(5, { docker: { containers: [] } }))).toEqual([]);
  expect(known.take(change(7, "1", WEB))).toEqual(["172.17.0.2"]);
  // Docker did not answer
  expect(known.take(snapshot(8))).toEqual([]);
  const nameAt = (timeS: bigint) => known.containers.having("172.17.0.2", timeS * 1_000_000_000n)?.name;
  expect([nameAt(6n), nameAt(7n), nameAt(9n)]).toEqual([undefined, "web", "web"]);
  known.take(change(9, "1"));
  expect(nameAt(9n)).toBeUndefined();
  expect(known.ports.all).toMatchObject([{ container: "web", hostPort: 88 }]);
});

/** What Docker tells of a container of 198.51.100.17 and 33, in each of some networks, of which 198.51.100.16/28 is behind lan1. */
function inNetworks(engine: object, networks: readonly object[]): object {
  const routes = [
    { dst: "default", gateway: "10.0.2.2", dev: "eth0" },
    { dst: "198.51.100.16/28", dev: "lan1" },
  ];
  const names = networks.map((network) => ("name" in network ? network.name : ""));
  const ends = names.map((network, at) => ({ network, addresses: [`198.51.100.${17 + 16 * at}`] }));
  const policyRules = [{ priority: 32766, src: "all", table: "main" }];
  return { docker: { engine, networks, containers: [{ ...WEB, networks: ends }] }, routes, policyRules };
}

it.each([
  ["a bridge", { driver: "bridge" }, ["web", "web"]],
  ["an overlay, whose addresses are behind its tunnel", { driver: "overlay" }, []],
  ["a part of a link that the way there is by", { driver: "macvlan", options: { parent: "lan1" } }, ["web"]],
  ["a part of another link", { driver: "ipvlan", options: { parent: "lan2" } }, []],
  ["a part of no link", { driver: "macvlan" }, []],
])("an address is a container's where its network is on the host's links: %s", (_, network, names) => {
  const known = new KnownHost();
  const both = [
    { ...network, name: "a" },
    { ...network, name: "b" },
  ];
  const facts = inNetworks({}, both);
  known.take(snapshot(8, facts));
  const namesNow = () =>
    ["198.51.100.17", "198.51.100.33"].flatMap(
      (address) => known.containers.having(address, 9_000_000_000n)?.name ?? [],
    );
  expect(namesNow()).toEqual(names);
  // Docker did not answer, and then told of it once more
  known.take(snapshot(8));
  known.take(change(8, "1"));
  known.take(change(8, "1", { ...WEB, networks: [{ network: "a", addresses: ["198.51.100.17"] }] }));
  expect(namesNow()).toEqual(names.slice(0, 1));
});

it.each([
  [{ name: "a", driver: "bridge", bridge: "docker0" }, "docker0"],
  [{ name: "a", driver: "macvlan", options: { parent: "lan1" } }, "lan1"],
])("knows whether a container's address is on an interface that is captured as the outside (%j)", (network, link) => {
  const known = new KnownHost();
  known.take(snapshot(8, inNetworks({}, [network])));
  const isOutside = () => known.containers.having("198.51.100.17", 9_000_000_000n)?.isOutside;
  expect(isOutside()).toBe(false);
  known.containers.outside = new Set([link]);
  expect(isOutside()).toBe(true);
});

it("an engine in a user's namespaces has no address here, and no port", () => {
  const known = new KnownHost();
  known.take(snapshot(8, inNetworks({ isRootless: true }, [{ name: "a", driver: "bridge" }])));
  known.take(change(9, "2", { ...WEB, id: "2" }));
  for (const address of ["198.51.100.17", "172.17.0.2"])
    expect(known.containers.having(address, 9_000_000_000n)).toBeUndefined();
  expect(known.ports.all).toEqual([]);
});

it("does not go by rules that changed, or that were others for a while", () => {
  const known = new KnownHost();
  known.take(snapshot(5, rules("[1:60] -A POSTROUTING -j MASQUERADE")));
  known.take(snapshot(6, rules("[2:90] -A POSTROUTING -j MASQUERADE")));
  known.take(change(7, "2", { ...WEB, id: "2", published: [] }));
  expect([known.haveRulesChanged, known.facts?.rules]).toEqual([false, "*nat\n[2:90] -A POSTROUTING -j MASQUERADE"]);
  const [changed, published] = [new KnownHost(), new KnownHost()];
  for (const each of [changed, published]) each.take(snapshot(5, rules("-A POSTROUTING -j MASQUERADE")));
  changed.take(snapshot(6, rules("-A POSTROUTING -j ACCEPT")));
  published.take(change(6, "1", WEB));
  for (const each of [changed, published])
    expect([each.haveRulesChanged, each.facts?.rules]).toEqual([true, undefined]);
});

it.each([
  [undefined, "it is not what natcorr live keeps of its host"],
  [{ format: "natcorr" }, "it is not what natcorr live keeps of its host"],
  [{ format: "natcorr-change", version: 2 }, "its version is 2, and this natcorr reads 1"],
])("what is neither a snapshot nor a change is refused (%#)", (value, why) => expect(() => newsOf(value)).toThrow(why));

it.each([{}, { time: 7, id: 7, container: 7 }, { time: "never", container: { id: "1", name: "web", networks: 7 } }])(
  "a change that is not as it should be says less (%#)",
  (more) => {
    const known = new KnownHost();
    expect(known.take(newsOf({ format: "natcorr-change", version: 1, ...more }))).toEqual([]);
  },
);

const sysctlsOf = (value: string, count: number) => ({
  sysctls: { "net.ipv4.ip_forward": value, "net.netfilter.nf_conntrack_count": `${count}` },
});
const look = (held: number, timeS: number, value: string) =>
  newsOf({
    format: "natcorr-change",
    version: 1,
    time: `${timeS}.000000000`,
    settings: { held: `${held}.000000000`, sysctls: { "net.ipv4.ip_forward": value, odd: 5 } },
  });

it("knows when settings became others, by snapshots and by looks between them, each once", () => {
  const known = new KnownHost();
  known.take(look(1, 2, "0"));
  known.take(snapshot(5, sysctlsOf("1", 1)));
  known.take(look(7, 8, "0"));
  known.take(snapshot(9, sysctlsOf("0", 2)));
  known.take(look(10, 11, "1"));
  known.take(snapshot(20, sysctlsOf("1", 3)));
  const times = known.settings.map(({ heldNs, timeNs, sysctls }) => [
    heldNs / 1_000_000_000n,
    timeNs / 1_000_000_000n,
    sysctls.get("net.ipv4.ip_forward"),
  ]);
  expect(times).toEqual([
    [7n, 8n, "0"],
    [10n, 11n, "1"],
  ]);
});
