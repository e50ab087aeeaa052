import { expect, it } from "vitest";
import { correlated, type Stamped } from "./outcome.js";
import { datagram } from "./traffic.js";

const [CLIENT, NODE, BRIDGE] = ["192.0.2.10", "10.0.2.15", "172.17.0.1"];
const LATENCY_NS = 20_000;

/** What one client asks a published port whose answers come from behind, both ends rewritten: conntrack forgets it in between, so that each request has another port inside. */
function requests(count: number) {
  const sides: { inside: Stamped[]; outside: Stamped[] } = { inside: [], outside: [] };
  for (let n = 0; n < count; n++) {
    const pod = `172.17.0.${10 + (n & 1)}`;
    const port = 20_000 + ((n * 7919) % 30_000);
    const askedNs = 669e6 * n;
    const asked = { ipId: 5000 + n, text: `GET /healthz ${n}` };
    const answer = { ipId: 6200 + 3 * n, text: `well ${n}` };
    const answeredNs = askedNs + LATENCY_NS + 35_000;
    const [client, bridge] = [
      { src: CLIENT, srcPort: 40_000, dst: NODE, dstPort: 30_080, ttl: 60 },
      { src: BRIDGE, srcPort: port, dst: pod, dstPort: 8080, ttl: 59 },
    ];
    sides.outside.push({ ns: askedNs, packet: datagram({ ...asked, ...client }) });
    sides.inside.push({ ns: askedNs + LATENCY_NS, packet: datagram({ ...asked, ...bridge }) });
    const back = { src: pod, srcPort: 8080, dst: BRIDGE, dstPort: port, ttl: 64 };
    sides.inside.push({ ns: answeredNs, packet: datagram({ ...answer, ...back }) });
    const out = { src: NODE, srcPort: 30_080, dst: CLIENT, dstPort: 40_000, ttl: 63 };
    sides.outside.push({ ns: answeredNs + LATENCY_NS, packet: datagram({ ...answer, ...out }) });
  }
  return sides;
}

it("a client's requests to a published port are found, each by a port of its own inside", async () => {
  const { inside, outside } = requests(30);
  const { pairs } = await correlated(inside, outside);
  expect(pairs.filter((pair) => pair.inside !== pair.outside)).toEqual([]);
  expect(pairs).toHaveLength(inside.length);
});

it("an answer that never comes out is not taken for the container's own word with the host, for which others were forwarded", async () => {
  const { inside, outside } = requests(200);
  const dropped = [3, 65, 70, 71, 130, 190];
  const outcome = await correlated(
    inside,
    outside.filter((_, at) => at % 2 === 0 || !dropped.includes((at - 1) / 2)),
  );
  expect(outcome.verdicts("inside")).toEqual(dropped.map((n) => [2 * n + 2, "unknown"]));
});
