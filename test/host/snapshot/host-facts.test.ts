import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KnownHost } from "../../../src/host/snapshot/known-host.js";
import { newsOf, readSnapshot } from "../../../src/host/snapshot/host-facts.js";
import { RuleBook } from "../../../src/host/rules/rules.js";
import { macHash } from "../../../src/protocols/mac.js";
import { runs } from "../../support/runs.js";

const HEAD = { format: "natcorr-snapshot", version: 1, time: "1700000000.000000005" };
const NAT = ["*nat", "[1:60] -A POSTROUTING -j MASQUERADE", "COMMIT"];

const read = (snapshot: object) => readSnapshot(JSON.stringify({ ...HEAD, ...snapshot }));

describe("a snapshot", () => {
  it("is read as it was written", () => {
    const facts = read({
      docker: {
        containers: [
          {
            id: "1",
            name: "web",
            started: "1699999999.000000007",
            networkMode: "bridge",
            networks: [{ network: "bridge", addresses: ["172.17.0.2", "FD00:17:0::2"], mac: "02:42:ac:11:00:02" }],
            labels: { "com.docker.compose.service": "front" },
          },
        ],
      },
      interfaces: [
        { ifname: "docker0", address: "02:42:4c:19:a5:81", addr_info: [{ local: "172.17.0.1" }, { local: "fd00::1" }] },
        { ifname: "lo", address: "00:00:00:00:00:00" },
        { ifname: "tun0", address: "10.8.0.1" },
      ],
      rules: { iptables: NAT, nft: ["table ip nat {", "}"] },
      conntrack: { entries: ["udp 17 src=1", "udp 17 src=2"] },
    });
    const inBridge = ["172.17.0.2", "fd00:17::2"].map((address) => ({
      address,
      network: "bridge",
      mac: macHash(0x0242, 0xac110002),
    }));
    expect(facts).toMatchObject({
      timeNs: 1_700_000_000_000_000_005n,
      containers: [{ id: "1", name: "web", startedNs: 1_699_999_999_000_000_007n, addresses: inBridge }],
      addresses: ["172.17.0.1", "fd00::1"],
      macs: [macHash(0x0242, 0x4c19a581)],
      rules: [...NAT, "table ip nat {", "}"].join("\n"),
      conntrack: "udp 17 src=1\nudp 17 src=2",
    });
  });

  it("may have no rules, and no entries", () => {
    expect(read({ rules: { iptables: ["*filter", "COMMIT"] } }).rules).toBe("*filter\nCOMMIT");
    expect(read({}).rules).toBeUndefined();
    expect(read({}).conntrack).toBeUndefined();
    // conntrack has none, or they could not be listed
    const none = { conntrack: { entries: [], more: 0, counters: {} } };
    const [sums, list] = ["conntrack -S", "conntrack -L"].map((source) => [{ source, why: "not found" }]);
    expect(read({ ...none, missing: sums }).conntrack).toBe("");
    expect(read({ ...none, missing: list }).conntrack).toBeUndefined();
  });

  it.each([
    ["{", "no JSON"],
    ["[]", "not what natcorr snapshot prints"],
    ['{"type":"header","format":"natcorr"}', "not what natcorr snapshot prints"],
    [JSON.stringify({ ...HEAD, version: 2 }), "its version is 2"],
  ])("is none where it is %s", (text, why) => expect(() => readSnapshot(text)).toThrow(why));

  it("is read to its end, whatever is in it", () => {
    const name = fc.constantFrom(
      ..."docker containers networks addresses id name started labels interfaces addr_info".split(" "),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        fc.anything(),
        fc.array(tie("tree"), { maxLength: 3 }),
        fc.dictionary(
          fc.oneof(name, fc.constantFrom("local", "rules", "nft", "conntrack", "entries", "__proto__")),
          tie("tree"),
        ),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 3 }), tree, (containers, more) => {
        const facts = read({ docker: { containers }, interfaces: more, rules: more, conntrack: more });
        const host = new KnownHost();
        host.take(facts);
        const change = { format: "natcorr-change", version: 1, time: more };
        for (const container of containers) host.take(newsOf({ ...change, id: more, container }));
        for (const rules of [more, { asked: more, lines: more }]) host.take(newsOf({ ...change, rules }));
        expect(host.containers.changesNs).toBe(host.containers.changesNs);
        expect(new RuleBook(facts.rules ?? "").problems).toBeInstanceOf(Array);
      }),
      { numRuns: runs(300) },
    );
  });
});
