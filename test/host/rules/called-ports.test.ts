import { expect, it } from "vitest";
import { CalledPorts } from "../../../src/host/rules/called-ports.js";
import { RuleHistory } from "../../../src/host/rules/times/rule-history.js";
import type { HostFacts } from "../../../src/host/snapshot/host-facts.js";
import { snapshot } from "../drops/drops.js";

const DNAT = "--dport 88 -j DNAT --to-destination 172.17.0.2:80";
/** As Docker writes them with a docker-proxy for each port, and without: iptables-save (Docker 20.10). */
const WITH_PROXY = [
  "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
  "-A DOCKER -i docker0 -j RETURN",
  `-A DOCKER ! -i docker0 -p tcp -m tcp ${DNAT}`,
];
const WITHOUT = [WITH_PROXY[0], `-A DOCKER -p tcp -m tcp ${DNAT}`];

const factsOf = (...rules: readonly string[]): HostFacts =>
  snapshot(1, { rules: { iptables: ["*nat", ":DOCKER - [0:0]", ...rules, "COMMIT"] } });
const NAMES = ["docker0", "br-app"];
const SEEN = { src: "172.17.0.3", srcPort: 40_000, dst: "172.17.0.2", dstPort: 80 };

const mayHaveCalled = (rules: readonly string[], seen = SEEN, { source = 0, hostPort = 88, names = NAMES } = {}) =>
  new CalledPorts({ facts: factsOf(...rules) }, names).mayHaveCalled(hostPort, "tcp", seen, source, 0n);

it("a rule that others return before, by their interface, has made none of their calls", () => {
  expect(mayHaveCalled(WITH_PROXY)).toBe(false);
  expect(mayHaveCalled(WITHOUT)).toBe(true);
  // the same of another bridge
  const across = { ...SEEN, src: "172.30.0.9" };
  expect(mayHaveCalled(WITH_PROXY, across, { source: 1 })).toBe(true);
  expect(mayHaveCalled(["-A DOCKER -i br-app -j RETURN", ...WITH_PROXY], across, { source: 1 })).toBe(false);
});

it("one that makes something else has made none", () => {
  expect(mayHaveCalled(WITHOUT, { ...SEEN, dstPort: 81 })).toBe(false);
  expect(mayHaveCalled(WITHOUT, SEEN, { hostPort: 89 })).toBe(false);
  expect(mayHaveCalled([`-A PREROUTING -d 127.0.0.1/32 -p tcp -m tcp ${DNAT}`])).toBe(false);
  expect(mayHaveCalled([`-A PREROUTING -d 10.0.2.15/32 -p tcp -m tcp ${DNAT}`])).toBe(true);
});

it("a call may have been made by one where the interface is not known that they came by: what a bridge shows as it leaves came by another", () => {
  expect(mayHaveCalled(WITH_PROXY, SEEN, { names: [""] })).toBe(true);
  expect(mayHaveCalled(WITH_PROXY, SEEN, { names: ["br-app"] })).toBe(true);
});

it("a call may have been made by one where the rules are not known, changed, or are not understood", () => {
  expect(new CalledPorts({ facts: undefined }, NAMES).mayHaveCalled(88, "tcp", SEEN, 0, 0n)).toBe(true);
  const changed = { ...factsOf(...WITH_PROXY), rules: undefined };
  expect(new CalledPorts({ facts: changed }, NAMES).mayHaveCalled(88, "tcp", SEEN, 0, 0n)).toBe(true);
  expect(mayHaveCalled([...WITH_PROXY, "what is this"])).toBe(true);
  const [seen, ipv6] = [SEEN, { ...SEEN, src: "fd00:17::3", dst: "fd00:17::2" }];
  expect(mayHaveCalled(["-A PREROUTING -m string --string x -j SOMETHING", ...WITH_PROXY], seen)).toBe(true);
  expect(mayHaveCalled(WITH_PROXY, ipv6)).toBe(true);
});

it("goes by what the host has said by now", () => {
  const known: { facts: HostFacts | undefined } = { facts: factsOf(...WITH_PROXY) };
  const called = new CalledPorts(known, NAMES);
  expect(called.mayHaveCalled(88, "tcp", SEEN, 0, 0n)).toBe(false);
  known.facts = factsOf(...WITHOUT);
  expect(called.mayHaveCalled(88, "tcp", SEEN, 0, 0n)).toBe(true);
});

const text = (...rules: readonly string[]): string => ["*nat", ":DOCKER - [0:0]", ...rules, "COMMIT", ""].join("\n");

it("goes by the rules of the time of a call, where they were read one after the other", () => {
  const rules = new RuleHistory(text(...WITH_PROXY), 1n);
  rules.take(text(...WITHOUT), 10n, 11n);
  const called = new CalledPorts({ facts: { ...factsOf(), rules: undefined } }, NAMES, rules);
  expect([0n, 5n, 20n].map((timeNs) => called.mayHaveCalled(88, "tcp", SEEN, 0, timeNs))).toEqual([false, true, true]);
});
