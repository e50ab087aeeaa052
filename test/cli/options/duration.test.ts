import * as fc from "fast-check";
import { expect, it } from "vitest";
import { parseDuration } from "../../../src/cli/options/duration.js";

it.each([
  ["1s", 1_000_000_000n],
  ["250ms", 250_000_000n],
  ["10us", 10_000n],
  ["10µs", 10_000n],
  ["10μs", 10_000n],
  ["5ns", 5n],
  ["2m", 120_000_000_000n],
  ["1h", 3_600_000_000_000n],
  ["-3.5s", -3_500_000_000n],
  ["+.5s", 500_000_000n],
  ["0", 0n],
  ["1.000000001s", 1_000_000_001n],
  ["1700000000.123456789s", 1_700_000_000_123_456_789n],
])("%s", (text, ns) => expect(parseDuration(text)).toBe(ns));

it.each(["", "2", "1.5", "s", ".", "-", "1x", "1 s", "1e3", "0x10", "1.5ns", "1s2", "--1", "1S", "infinity"])(
  "%j is no duration",
  (text) => expect(parseDuration(text)).toBeUndefined(),
);

it("every whole number of nanoseconds survives in every unit that can express it, exactly", () => {
  const units = [
    ["ns", 0],
    ["us", 3],
    ["µs", 3],
    ["ms", 6],
    ["s", 9],
  ] as const;
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }),
      fc.constantFrom(...units),
      (ns, [unit, decimals]) => {
        const digits = String(ns < 0n ? -ns : ns).padStart(decimals + 1, "0");
        const whole = digits.slice(0, digits.length - decimals);
        const text = `${ns < 0n ? "-" : ""}${whole}${decimals > 0 ? `.${digits.slice(-decimals)}` : ""}${unit}`;
        expect(parseDuration(text)).toBe(ns);
      },
    ),
  );
});
