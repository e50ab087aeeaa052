import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TickClock } from "../../src/capture/ticks.js";

/** if_tsresol values that occur: 10^-0 … 10^-12 s, and 2^-1 … 2^-32 s. */
const resolutions = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0x81, max: 0xa0 }));
const NS_PER_DAY = 86_400_000_000_000n;

function ticksPerSecond(resolution: number): bigint {
  return resolution & 0x80 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
}

/** The definition, in bigints: nanoseconds rounded down. */
function exactNs(ticks: bigint, resolution: number, offsetSeconds: bigint): bigint {
  return (ticks * 1_000_000_000n) / ticksPerSecond(resolution) + offsetSeconds * 1_000_000_000n;
}

test("stamps are exact within 104 days of the epoch, whatever the resolution, offset and order", () => {
  const epochNs = 1_700_000_000_123_456_789n;
  const sinceEpoch = fc.bigInt({ min: -104n * NS_PER_DAY, max: 104n * NS_PER_DAY });
  fc.assert(
    fc.property(
      resolutions,
      fc.bigInt({ min: -1_000_000n, max: 1_000_000n }),
      fc.array(fc.oneof(sinceEpoch, fc.bigInt({ min: -5_000_000_000n, max: 5_000_000_000n })), { minLength: 1 }),
      (resolution, offsetSeconds, times) => {
        const clock = new TickClock(resolution, offsetSeconds, { ns: epochNs });
        for (const time of times) {
          const unshifted = epochNs + time - offsetSeconds * 1_000_000_000n;
          const ticks = (unshifted * ticksPerSecond(resolution)) / 1_000_000_000n;
          const [high, low] = [Number(ticks >> 32n), Number(ticks & 0xffffffffn)];
          const exact = exactNs(ticks, resolution, offsetSeconds);
          expect(clock.epochNs(high, low)).toBe(exact);
          // A whole second's tick may lie just outside the 104 days; it is the stamp that counts.
          expect(BigInt(clock.timeNs(high, low))).toBe(exact - epochNs);
        }
      },
    ),
  );
});

test("resolutions beyond reason give finite stamps", () => {
  for (const resolution of [0x7f, 0xff, 20, 0xbf]) {
    const clock = new TickClock(resolution, 0n, { ns: 0n });
    expect(clock.timeNs(0xffffffff, 0xffffffff)).toBe(Number(clock.epochNs(0xffffffff, 0xffffffff)));
  }
});
