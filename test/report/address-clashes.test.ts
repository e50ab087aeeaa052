import { expect, it } from "vitest";
import type { Finding } from "../../src/packets/results/findings.js";
import { NO_CONTAINERS } from "../../src/packets/results/containers.js";
import type { Judgement } from "../../src/packets/results/results.js";
import { INSIDE, OUTSIDE } from "../../src/packets/sides.js";
import { AddressClashes } from "../../src/report/address-clashes.js";
import { NdjsonReporter } from "../../src/report/ndjson/ndjson.js";
import { flow } from "../host/flow.js";
import { HandFilled, type Packet, SUMMARY, UDP } from "./tables.js";

const [HOSTS, CONTAINERS, GATEWAYS] = [1, 2, 3];
const UNKNOWN: Judgement = { verdict: "unknown", reason: "no-answer", why: "" };
const CALL: Packet = { side: OUTSIDE, proto: UDP, src: "172.17.0.3", srcPort: 9, dst: "10.0.2.15", dstPort: 88 };

/** What is said at the end of packets without a twin and flows, each from a MAC address. `isOutside`: whether c1 has its address on the outside. */
function saidOf(
  packets: readonly (Partial<Packet> & { mac: number; verdict?: Judgement["verdict"] })[],
  macs: readonly number[] = [],
  isOutside = false,
): Finding[] {
  const findings: Finding[] = [];
  const reporter = new NdjsonReporter(() => {}, { quiet: true, program: "0" });
  reporter.finding = (finding) => void findings.push(finding);
  const c1 = { name: "c1", words: new Set(["c1"]), ids: new Set<string>(), isOutside };
  const tables = new HandFilled();
  const sink = new AddressClashes(reporter, {
    ...NO_CONTAINERS,
    having: (address) => (address === "172.17.0.3" ? c1 : undefined),
    isOwnMac: (mac) => mac === HOSTS,
    isContainersMac: (mac) => mac === CONTAINERS,
  });
  sink.begin(tables);
  for (const [at, { mac, verdict = "unknown", ...of }] of packets.entries()) {
    const row = tables.add({ ...CALL, frame: at + 1, srcPort: at + 1, ...of });
    tables.tuples.saw(tables.timeline.way(row), 0, mac);
    sink.unmatched(row, { ...UNKNOWN, verdict });
  }
  for (const [at, srcMac] of macs.entries()) {
    const of = flow("tcp", "outside", "172.17.0.3.5000 > 172.17.0.2.80", "172.17.0.3.5000 > 10.0.2.15.88", {
      id: at + 1,
    });
    sink.flow({ ...of, outside: { ...of.outside, srcMac } });
  }
  sink.end(SUMMARY);
  return findings;
}

it("address-clash names what another host has that a container has, too, with frames and flows", () => {
  const found = saidOf([{ mac: GATEWAYS }, { mac: GATEWAYS }, { mac: GATEWAYS, src: "172.17.0.9" }], [GATEWAYS]);
  expect(found).toMatchObject([{ code: "address-clash", severity: "warning", count: 1, flows: [1] }]);
  expect(found[0].frames.outside.slice(0, 2)).toEqual([1, 2]);
  expect(found[0].text).toMatch(/from there: 172\.17\.0\.3$/);
});

it("address-clash is not said of what the host sent, or a container, or nobody knows who", () => {
  for (const mac of [HOSTS, CONTAINERS, 0]) expect(saidOf([{ mac }], [mac])).toEqual([]);
  expect(saidOf([{ mac: GATEWAYS, side: INSIDE }])).toEqual([]);
  expect(saidOf([{ mac: GATEWAYS, verdict: "local" }])).toEqual([]);
  // a container of a network on the uplink
  expect(saidOf([{ mac: GATEWAYS }], [GATEWAYS], true)).toEqual([]);
});
