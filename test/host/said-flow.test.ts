import { expect, it } from "vitest";
import { saidFlow } from "../../src/host/said-flow.js";
import { flow, START_NS } from "./flow.js";

/** The addresses that are said, and which of them are beyond the outside. */
function beyond(initiator: "inside" | "outside"): (readonly [string, boolean | undefined])[] {
  const inside = initiator === "inside" ? "172.17.0.3.5 > 10.0.2.2.53" : "10.0.2.2.5 > 172.17.0.3.53";
  const { addresses = [] } = saidFlow(flow("udp", initiator, inside, inside), START_NS);
  return addresses.map(({ address, isBeyond }) => [address, isBeyond]);
}

it("says a flow as it is inside, with what is known of whose its ends were, and when", () => {
  const ended = flow("udp", "inside", "172.17.0.3.5 > 10.0.2.2.53", "10.0.2.15.5 > 10.0.2.2.53", {
    firstNs: START_NS + 5n,
    lastNs: START_NS + 9n,
  });
  const { text, addresses } = saidFlow(ended, START_NS);
  expect(text).toBe("udp 172.17.0.3.5 > 10.0.2.2.53");
  const times = { fromNs: 5, throughNs: 9 };
  expect(addresses).toMatchObject([
    { ...times, address: "172.17.0.3", at: 4, peer: "10.0.2.2" },
    { ...times, address: "10.0.2.2", at: 19, peer: "172.17.0.3" },
  ]);
  const ping = flow("icmp", "inside", "172.17.0.4 > 10.0.2.2 id 783", "10.0.2.15 > 10.0.2.2 id 783");
  expect(saidFlow(ping, START_NS).text).toBe("icmp 172.17.0.4 > 10.0.2.2 id 783");
});

it("an end that is not this host's side of the NAT is beyond the outside, whoever began", () => {
  expect(beyond("inside")).toEqual([
    ["172.17.0.3", false],
    ["10.0.2.2", true],
  ]);
  expect(beyond("outside")).toEqual([
    ["10.0.2.2", true],
    ["172.17.0.3", false],
  ]);
});
