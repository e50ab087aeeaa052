import { expect, it } from "vitest";
import { isTtlSet, mayArrive, wayByTtl } from "../../src/protocols/ttl.js";

it.each([
  [64, 63, 1],
  [49, 50, -1],
  [64, 64, 0],
  // several routers between the points
  [64, 61, 1],
  [110, 117, -1],
  // no sender begins so that this arrives: a router set it
  [64, 65, 1],
  [65, 64, -1],
  // no path is that long
  [64, 128, 0],
  [64, 255, 0],
  [255, 64, 0],
])("a TTL of %d inside and %d outside: %d", (inside, outside, way) => {
  expect(wayByTtl(inside, outside)).toBe(way);
  expect(wayByTtl(outside, inside)).toBe(0 - way);
});

it("what arrives has come by no more than some forty routers", () => {
  const arriving = Array.from({ length: 256 }, (_, ttl) => ttl).filter(mayArrive);
  for (const initial of [64, 128, 255])
    for (let hops = 0; hops <= 40; hops++) expect(arriving).toContain(initial - hops);
  expect(arriving).not.toContain(65);
  expect(arriving).not.toContain(200);
  expect(isTtlSet(64, 65)).toBe(true);
  expect(isTtlSet(128, 64)).toBe(true);
  expect(isTtlSet(64, 62)).toBe(false);
});
