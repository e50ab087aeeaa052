import { describe, expect, it } from "vitest";
import { OUTSIDE } from "../../../src/packets/sides.js";
import { macHashOf, NO_MAC } from "../../../src/protocols/mac.js";
import { dropped, explained, found, POLICY, QUERY, ROUTES, snapshot, told } from "./drops.js";

/** Two snapshots with the same settings and routes, and counters that moved. */
function settled(
  sysctls: Readonly<Record<string, string>>,
  counters: Readonly<Record<string, readonly [number, number]>> = {},
  more: object = {},
) {
  return ([0, 1] as const).map((at) => {
    const counted = Object.fromEntries(Object.entries(counters).map(([name, values]) => [name, values[at]]));
    return snapshot(at === 0 ? 100 : 110, { sysctls, counters: counted, ...more });
  });
}

const OFF = { "net.ipv4.ip_forward": "0", "net.ipv4.conf.docker0.forwarding": "0" };
const three = [dropped(3, QUERY)];

function forwarding(seconds: bigint, value: string) {
  const timeNs = seconds * 1_000_000_000n;
  return { timeNs, heldNs: timeNs - 1_000_000_000n, sysctls: new Map([["net.ipv4.ip_forward", value]]) };
}

function passed(seconds: bigint) {
  return { firstNs: seconds * 1_000_000_000n, lastNs: seconds * 1_000_000_000n };
}

describe("a host that does not forward", () => {
  it("is named with the setting, and what it counted", () => {
    const [finding, ...others] = found(three, settled(OFF, { IpInAddrErrors: [2, 6] }));
    expect(finding).toMatchObject({
      code: "drop-not-forwarded",
      count: 3,
      counter: "IpInAddrErrors",
      counted: 4,
      text: "the host does not forward them: net.ipv4.ip_forward is 0; IpInAddrErrors counted 4, 1 of them others",
    });
    expect(others).toEqual([]);
  });

  it("is named by the interface's own setting where the host forwards others", () => {
    const [finding] = found(three, settled({ ...OFF, "net.ipv4.ip_forward": "1" }));
    expect(finding.text).toBe("the host does not forward them: net.ipv4.conf.docker0.forwarding is 0");
  });

  it.each([
    ["the counter moved by less", settled(OFF, { IpInAddrErrors: [2, 4] })],
    ["the interface forwards", settled({ ...OFF, "net.ipv4.conf.docker0.forwarding": "1" })],
    ["the setting is not known", settled({})],
    [
      "it changed in between",
      [...settled(OFF).slice(0, 1), snapshot(110, { sysctls: { ...OFF, "net.ipv4.conf.docker0.forwarding": "1" } })],
    ],
  ])("is none where %s", (_, snapshots) => {
    expect(told(found(three, snapshots))).toEqual(["drop-unexplained 3"]);
  });

  it("is named where that was so for a while, by the counter that has nothing else, and by when where it was read so", () => {
    const [on, moved] = [
      { "net.ipv4.ip_forward": "1", "net.ipv4.conf.docker0.forwarding": "1" },
      { IpInAddrErrors: [2, 6] },
    ] as const;
    const [finding, ...others] = found(three, settled(on, moved));
    expect(finding).toMatchObject({ code: "drop-not-forwarded", count: 3, counter: "IpInAddrErrors", counted: 4 });
    const [said, counts] = [
      "the host did not forward for a while: net.ipv4.ip_forward",
      "IpInAddrErrors counted 4, 1 of them others",
    ];
    expect(finding.text).toBe(`${said}, or forwarding of their interface, was 0; ${counts}`);
    expect(others).toEqual([]);
    const settings = [forwarding(104n, "0")];
    const byRead = (secondsNs: bigint) =>
      found([dropped(3, QUERY, passed(secondsNs))], settled(on, moved), {}, [["docker0"], ["enp0s3"]], [], settings);
    const [read] = byRead(104n);
    expect(read.text).toMatch(/^the host did not forward for a while: net\.ipv4\.ip_forward was 0 by \d\d:\d\d:44; /);
    // what was dropped before it was read so had another cause, whatever the counter says
    expect(told(byRead(102n))).toEqual(["drop-unexplained 3"]);
    const [before] = settled(on, moved);
    const [, after] = settled(OFF, moved);
    expect(found(three, [before, after])[0].text).toContain("net.ipv4.ip_forward was 0 by ");
  });

  it("is named for those that passed when it was read so, where the counter has fewer than there are", () => {
    const on = { "net.ipv4.ip_forward": "1", "net.ipv4.conf.docker0.forwarding": "1" };
    const drops = [dropped(3, QUERY, passed(104n)), dropped(2, { ...QUERY, dst: "198.51.100.9" }, passed(107n))];
    const settings = [forwarding(103n, "1"), forwarding(104n, "0"), forwarding(105n, "1")];
    const interfaces = [["docker0"], ["enp0s3"]] as const;
    const off = settled(on, { IpInAddrErrors: [2, 6] });
    expect(told(found(drops, off, {}, interfaces, [], settings))).toEqual([
      "drop-not-forwarded 3 IpInAddrErrors",
      "drop-unexplained 2",
    ]);
    expect(told(found(drops, off, {}, interfaces, [], []))).toEqual(["drop-unexplained 5"]);
    const long = [dropped(3, QUERY, { ...passed(104n), lastNs: passed(106n).lastNs }), drops[1]];
    const twice = [...settings.slice(0, 2), forwarding(105n, "0"), forwarding(106n, "1")];
    expect(told(found(long, off, {}, interfaces, [], twice))).toEqual([
      "drop-not-forwarded 3 IpInAddrErrors",
      "drop-unexplained 2",
    ]);
    expect(told(found(long, off, {}, interfaces, [], settings))).toEqual(["drop-unexplained 5"]);
    const fewer = settled(on, { IpInAddrErrors: [2, 4] });
    expect(told(found(drops, fewer, {}, interfaces, [], settings))).toEqual(["drop-unexplained 5"]);
  });

  it("is not named so where the counter may have others, or too few", () => {
    const on = { "net.ipv4.ip_forward": "1", "net.ipv4.conf.docker0.forwarding": "1" };
    expect(told(found(three, settled(on, { IpInAddrErrors: [2, 4] })))).toEqual(["drop-unexplained 3"]);
    const other = { ...on, "net.ipv4.conf.wan0.forwarding": "0" };
    expect(told(found(three, settled(other, { IpInAddrErrors: [2, 9] })))).toEqual(["drop-unexplained 3"]);
    const own = { ...OFF, "net.ipv4.conf.enp0s3.forwarding": "1" };
    const answers = dropped(2, { ...QUERY, src: QUERY.dst, dst: "172.17.0.3" }, { side: OUTSIDE });
    expect(told(found([...three, answers], settled(own, { IpInAddrErrors: [0, 4] })))).toEqual([
      "drop-not-forwarded 3 IpInAddrErrors",
      "drop-unexplained 2",
    ]);
  });

  it("is told over IPv6 by what it has for that", () => {
    const ends = { src: "fd00:17::3", srcPort: 1, dst: "2001:db8::1", dstPort: 53 };
    const off = settled(
      { ...OFF, "net.ipv6.conf.all.forwarding": "0" },
      {},
      { routes: [{ dst: "default", gateway: "fd00:2::2", dev: "enp0s3" }] },
    );
    expect(found([dropped(1, ends, { isIpv6: true })], off)[0].text).toContain("net.ipv6.conf.all.forwarding is 0");
  });

  it("is told of what may not have been dropped, where that can only go through it", () => {
    const unclear = { fate: "unpaired" } as const;
    const answer = { src: "180.101.49.11", srcPort: 53, dst: "10.0.2.15", dstPort: 5353 };
    const own = { src: "10.0.2.15", srcPort: 1, dst: "180.101.49.11", dstPort: 53 };
    const off = settled({ ...OFF, "net.ipv4.conf.enp0s3.forwarding": "0" });
    const drops = [
      dropped(3, QUERY, unclear),
      dropped(1, answer, { ...unclear, side: OUTSIDE }),
      dropped(1, own, { ...unclear, side: OUTSIDE }),
    ];
    expect(told(found(drops, off))).toEqual(["drop-not-forwarded 3"]);
    expect(told(found(drops, off, {}, [[""], [""]]))).toEqual(["drop-not-forwarded 3"]);
  });
});

/** Routes of which a mark may choose another one. */
const MARKED = [...ROUTES, { dst: "10.0.2.0/24", dev: "docker0", table: "7" }];

/** rp_filter of all interfaces, and docker0's own. */
function modes(all: string, own: string): Record<string, string> {
  return { "net.ipv4.conf.all.rp_filter": all, "net.ipv4.conf.docker0.rp_filter": own };
}

describe("rp_filter", () => {
  const spoofed = [dropped(2, { ...QUERY, src: "10.0.2.99" })];
  it.each([
    ["0", "1"],
    ["1", "0"],
  ])("drops what comes by another interface than answers leave by: all %s, its own %s", (all, own) => {
    const [finding] = found(spoofed, settled(modes(all, own), { TcpExtIPReversePathFilter: [0, 2] }));
    expect(finding).toMatchObject({
      code: "drop-reverse-path",
      count: 2,
      counter: "TcpExtIPReversePathFilter",
      counted: 2,
    });
    expect(finding.text).toContain("rp_filter of docker0 is 1, and the route to 10.0.2.99 does not leave by it");
  });

  it("is told of what may have gone either way, where the host sends nothing that way", () => {
    const drops = [QUERY.dst, "172.17.0.3"].map((dst) =>
      dropped(2, { ...QUERY, src: "10.0.2.99", dst }, { fate: "unpaired" }),
    );
    const snapshots = settled(modes("1", "1"), { TcpExtIPReversePathFilter: [0, 2] });
    const one = ["drop-reverse-path 2 TcpExtIPReversePathFilter"];
    expect(drops.map((each) => told(found([each], snapshots)))).toEqual([
      one,
      ["host-drops 2 TcpExtIPReversePathFilter"],
    ]);
  });

  it.each([
    ["is off", spoofed, settled(modes("0", "0"))],
    ["asks only for a route", spoofed, settled(modes("2", "1"))],
    ["is not known", spoofed, settled({ "net.ipv4.conf.docker0.rp_filter": "1" })],
    ["counted less", spoofed, settled(modes("1", "1"), { TcpExtIPReversePathFilter: [0, 1] })],
    ["has nothing against a source", three, settled(modes("1", "1"))],
    [
      "is beside policy rules, which may choose another route",
      spoofed,
      settled(
        modes("1", "1"),
        {},
        { policyRules: [...POLICY, { priority: 99, src: "all", fwmark: "0x1", table: "7" }], routes: MARKED },
      ),
    ],
  ])("is none where it %s", (_, drops, snapshots) => {
    expect(found(drops, snapshots).map(({ code }) => code)).toEqual(["drop-unexplained"]);
  });

  it("drops where there is no route at all, even where that is all that it asks for", () => {
    const routes = [{ dst: "180.101.49.11", gateway: "10.0.2.2", dev: "enp0s3" }];
    const [finding] = found(spoofed, settled(modes("2", "0"), {}, { routes }));
    expect(finding.text).toBe("rp_filter of docker0 is 2, and there is no route to 10.0.2.99");
  });
});

describe("the way to a destination", () => {
  const routes = [
    { dst: "172.17.0.0/16", dev: "docker0" },
    { dst: "180.101.0.0/16", dev: "enp0s3" },
    { type: "blackhole", dst: "180.101.49.0/24" },
  ];

  it("leads nowhere by the longest route that is there", () => {
    const [finding] = found(three, settled({}, {}, { routes }));
    expect(finding).toMatchObject({ code: "drop-no-route", count: 3 });
    expect(finding.text).toBe("the host's route to 180.101.49.11 is one of type blackhole");
  });

  it("is not there", () => {
    const counters = { IpExtInNoRoutes: [0, 3] as const };
    const [finding] = found(three, settled({}, counters, { routes: routes.slice(0, 1) }));
    expect(finding.text).toBe("the host has no route to 180.101.49.11; IpExtInNoRoutes counted 3");
  });

  it.each([
    [
      "of several, the one of the least metric",
      [
        { type: "blackhole", dst: "default", gateway: "10.0.2.3", metric: 9 },
        { dst: "default", gateway: "10.0.2.2", dev: "enp0s3" },
      ],
    ],
    ["where nothing tells of which IP version a default route is", [{ dst: "default", dev: "ppp0" }]],
    ["where there are no routes at all, as of a snapshot without", []],
  ])("has nothing against it: %s", (_, some) => {
    expect(told(found(three, settled({}, {}, { routes: some })))).toEqual(["drop-unexplained 3"]);
  });
});

describe("what nothing else tells of", () => {
  const HOST_MAC = "02:42:ac:11:00:01";
  const macTo = macHashOf(HOST_MAC);
  const unclear = { fate: "unpaired", macTo } as const;
  const own = { interfaces: [{ ifname: "docker0", address: HOST_MAC, addr_info: [{ local: "172.17.0.1" }] }] };
  const off = settled(OFF, { IpInAddrErrors: [0, 3] }, own);
  const strict = settled(modes("1", "1"), { TcpExtIPReversePathFilter: [0, 3] }, own);
  const noRoute = { ...own, routes: [{ dst: "172.17.0.0/16", dev: "docker0" }] };
  const lost = settled({}, { IpExtInNoRoutes: [0, 3] }, noRoute);
  const spoofed = { ...QUERY, src: "10.0.2.99" };

  it.each([
    ["the host forwards nothing", QUERY, off],
    ["its source is not where it came from", spoofed, strict],
    ["no route leads to where it goes", QUERY, lost],
  ])("is stopped where %s", (_, ends, snapshots) => {
    const kind = dropped(3, ends, unclear);
    expect([...explained([kind], snapshots).stopped]).toEqual([[kind, "not-forwarded"]]);
  });

  it.each([
    ["the host counted less", QUERY, settled(OFF, { IpInAddrErrors: [0, 2] }, own), unclear],
    ["the host counts nothing of it", QUERY, settled(OFF, {}, own), unclear],
    ["it went to a neighbour, by its MAC address", QUERY, off, { ...unclear, macTo: 7 }],
    ["so went what no route leads on", QUERY, lost, { ...unclear, macTo: 7 }],
    ["nothing tells whether it went to the host, which has no route", QUERY, lost, { ...unclear, macTo: NO_MAC }],
    ["its interface may have sent it", { ...QUERY, dst: "172.17.0.9" }, off, unclear],
  ])("is not where %s", (_, ends, snapshots, more) => {
    expect([...explained([dropped(3, ends, more)], snapshots).stopped]).toEqual([]);
  });

  const blackhole = { routes: [{ type: "blackhole", dst: "180.101.49.0/24" }] };
  const listened = (steadyS: number) => {
    const [before, after] = settled({}, {}, { ...own, ...blackhole });
    return [before, { ...after, steadySinceNs: BigInt(steadyS) * 1_000_000_000n }];
  };

  it("is stopped by what the host does not count where nothing changed since it came", () => {
    const kind = dropped(3, QUERY, unclear);
    expect([...explained([kind], listened(101)).stopped]).toEqual([[kind, "not-forwarded"]]);
    expect([...explained([kind], listened(102)).stopped]).toEqual([]);
    expect([...explained([{ ...kind, macTo: NO_MAC }], listened(101)).stopped]).toEqual([]);
  });

  it("is not where what was refused makes up what the host counted", () => {
    const refused = dropped(1, QUERY, { fate: "refused", refusal: "no-route" });
    expect([...explained([dropped(3, QUERY, unclear), refused], lost).stopped]).toEqual([]);
  });
});

it("goes by the bridge where one of its parts was captured on", () => {
  const interfaces = [
    { ifname: "docker0", info_kind: "bridge" },
    { ifname: "veth7", master: "docker0" },
  ];
  const snapshots = settled(OFF, {}, { interfaces });
  expect(told(found(three, snapshots, {}, [["veth7"], ["enp0s3"]]))).toEqual(["drop-not-forwarded 3"]);
});
