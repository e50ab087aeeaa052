import { expect, it } from "vitest";
import { TunnelTally } from "../../../../src/correlate/intake/tunnel-tally.js";
import { Tunnel as TunnelFinder } from "../../../../src/correlate/verdicts/findings/tunnel.js";
import type { Tunnel } from "../../../../src/packets/tunnels.js";

const HOST = "10.0.2.15";

function vxlan(id: number, node: string, isBack = false): Tunnel {
  const [src, dst] = isBack ? [node, HOST] : [HOST, node];
  return { type: "vxlan", id, src, dst };
}

const told = (tunnels: TunnelTally) => new TunnelFinder().close({ tunnels });

it("tells once of all that came between two ends, both ways", () => {
  const tunnels = new TunnelTally();
  const some = [vxlan(42, "10.0.2.3"), vxlan(42, "10.0.2.3", true), vxlan(7, "10.0.2.3")];
  for (const [n, tunnel] of some.entries()) tunnels.note(tunnel, 3 - n);
  tunnels.decide(some[1], true);
  expect(told(tunnels)).toMatchObject([
    {
      code: "tunnel",
      count: 3,
      text: "vxlan 42, 7 between 10.0.2.15 and 10.0.2.3 carries packets of inside, and what it carries is paired",
      frames: { inside: [], outside: [1, 2, 3] },
    },
  ]);
});

it("tells of no tunnel that passes inside, and of none that nothing came in", () => {
  const tunnels = new TunnelTally();
  const [own, silent] = [vxlan(7, "10.0.2.3"), vxlan(8, "10.0.2.4")];
  tunnels.note(own, 1);
  tunnels.decide(own, false);
  tunnels.note(silent, 2);
  tunnels.takeBack(silent, 2);
  expect(told(tunnels)).toEqual([]);
});

it("tells of the busiest by themselves, those first that packets of inside came in, and of all others at once", () => {
  const tunnels = new TunnelTally();
  const some = Array.from({ length: 15 }, (_, n) => vxlan(1, `10.0.3.${n}`));
  for (const [n, tunnel] of some.entries())
    for (let frame = 0; frame <= n; frame++) tunnels.note(tunnel, 100 * n + frame);
  tunnels.decide(some[0], true);
  const found = told(tunnels);
  expect(found.map(({ count }) => count)).toEqual([1, 15, 14, 13, 12, 11, 10, 9, 8, 7, 20]);
  expect(found[10].text).toBe("outside has tunnels between 5 other pairs of ends");
});
