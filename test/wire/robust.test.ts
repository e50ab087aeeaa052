import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CARRIED, CARRIER } from "../../src/packets/records.js";
import { NO_LIMITS } from "../../src/wire/decode.js";
import { runs } from "../support/runs.js";
import { decodeAll } from "./decoded.js";
import * as samples from "./samples.js";
import * as tunnels from "./tunnel-samples.js";

const SAMPLES = [...Object.values(samples), ...Object.values(tunnels)].filter(
  (value): value is samples.Sample => typeof value === "object" && "frame" in value,
);
const LINK_TYPES = [0, 1, 9, 12, 14, 51, 101, 105, 108, 113, 228, 229, 276];

/** A frame of which some bytes are not what they should be. */
const damaged = fc
  .tuple(fc.constantFrom(...SAMPLES), fc.array(fc.tuple(fc.nat({ max: 120 }), fc.nat({ max: 255 })), { maxLength: 6 }))
  .map(([{ linkType, frame }, bytes]) => {
    const copy = frame.slice();
    for (const [at, byte] of bytes) if (at < copy.length) copy[at] = byte;
    return { linkType, frame: copy };
  });
const noise = fc.record({
  linkType: fc.constantFrom(...LINK_TYPES),
  frame: fc.uint8Array({ maxLength: 120 }),
});
/** Either of them, as little captured of it and as much sent as you like. */
const taken = fc
  .tuple(
    fc.oneof(damaged, noise),
    fc.nat({ max: 150 }),
    fc.oneof(fc.nat({ max: 70000 }), fc.nat({ max: 0xfffffe00 })),
    fc.boolean(),
  )
  .map(([{ linkType, frame }, cut, more, isCut]) => {
    const captured = isCut ? Math.min(frame.length, cut) : frame.length;
    return { linkType, frame, captured, original: isCut ? captured + more : captured };
  });

test("whatever the bytes are, every frame is a row, not IP, or undecodable", () => {
  const limits = fc.oneof(
    fc.constant(NO_LIMITS),
    fc.tuple(fc.nat({ max: 150 }), fc.nat({ max: 12 })).map(([key, more]) => ({ key, headers: key + more })),
  );
  fc.assert(
    fc.property(fc.array(taken, { minLength: 1, maxLength: 20 }), limits, fc.boolean(), (frames, limited, opens) => {
      const { out, tally } = decodeAll(frames, limited, opens);
      expect(tally.frames).toBe(frames.length);
      expect(out.count + tally.notIp + tally.undecodable).toBe(frames.length);
      const counted = [...tally.reasons.values()].reduce((sum, { count }) => sum + count, 0);
      expect(counted).toBe(tally.undecodable);
      for (let row = 0; row < out.count; row++) {
        expect(out.quote(row)).toBeLessThan(out.quotes.count);
        expect(out.payloadLength(row)).toBeLessThanOrEqual(out.length(row));
        expect([0, opens ? CARRIED : CARRIER]).toContain(out.tunnel(row));
        expect(out.tunnel(row) === CARRIED ? out.outer[row] : -1).toBeLessThan(out.outers.count);
      }
    }),
    { numRuns: runs(2000) },
  );
});

test("the bytes around a frame do not matter", () => {
  fc.assert(
    fc.property(taken, fc.boolean(), (frame, opens) => {
      const beyond = frame.frame.slice();
      beyond.fill(0xaa, frame.captured);
      const { out } = decodeAll([frame, { ...frame, frame: beyond }], NO_LIMITS, opens);
      if (out.count === 0) return;
      expect([
        out.key(1),
        out.key2(1),
        out.flags(1),
        out.proto(1),
        out.seq(1),
        out.head(1),
        out.content(1),
        out.tupleHash[1],
      ]).toEqual([
        out.key(0),
        out.key2(0),
        out.flags(0),
        out.proto(0),
        out.seq(0),
        out.head(0),
        out.content(0),
        out.tupleHash[0],
      ]);
    }),
    { numRuns: runs(1000) },
  );
});
