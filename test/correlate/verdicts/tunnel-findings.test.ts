import { expect, it } from "vitest";
import { TunnelFindings } from "../../../src/correlate/verdicts/tunnel-findings.js";
import type { Tunnel } from "../../../src/packets/tunnels.js";

const HOST = "10.0.2.15";

function vxlan(id: number, node: string, isBack = false): Tunnel {
  const [src, dst] = isBack ? [node, HOST] : [HOST, node];
  return { type: "vxlan", id, src, dst };
}

it("tells once of all that came between two ends, both ways", () => {
  const findings = new TunnelFindings();
  const tunnels = [vxlan(42, "10.0.2.3"), vxlan(42, "10.0.2.3", true), vxlan(7, "10.0.2.3")];
  for (const [n, tunnel] of tunnels.entries()) findings.note(tunnel, 3 - n);
  findings.open(tunnels[1]);
  expect(findings.findings()).toMatchObject([
    {
      code: "tunnel",
      count: 3,
      text: "vxlan 42, 7 between 10.0.2.15 and 10.0.2.3 carries packets of inside, and what it carries is paired",
      frames: { inside: [], outside: [1, 2, 3] },
    },
  ]);
});

it("tells of no tunnel that passes inside, and of none that nothing came in", () => {
  const findings = new TunnelFindings();
  const [own, silent] = [vxlan(7, "10.0.2.3"), vxlan(8, "10.0.2.4")];
  findings.note(own, 1);
  findings.close(own);
  findings.note(silent, 2);
  findings.takeBack(silent, 2);
  expect(findings.findings()).toEqual([]);
});

it("tells of the busiest by themselves, those first that packets of inside came in, and of all others at once", () => {
  const findings = new TunnelFindings();
  const tunnels = Array.from({ length: 15 }, (_, n) => vxlan(1, `10.0.3.${n}`));
  for (const [n, tunnel] of tunnels.entries())
    for (let frame = 0; frame <= n; frame++) findings.note(tunnel, 100 * n + frame);
  findings.open(tunnels[0]);
  const told = findings.findings();
  expect(told.map(({ count }) => count)).toEqual([1, 15, 14, 13, 12, 11, 10, 9, 8, 7, 20]);
  expect(told[10].text).toBe("outside has tunnels between 5 other pairs of ends");
});
