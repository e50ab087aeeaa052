import { expect, it } from "vitest";
import { correlated, type Stamped } from "../outcome.js";
import { CONTAINER, datagram, HOST, SERVER } from "../traffic.js";

/** Of datagrams like no others: whether each went outbound, and when it passed inside, and outside, nanoseconds. */
const PASSED = [
  [true, 373_529_579, 673_308],
  [true, 374_177_044, 674_308],
  [false, 379_859_237, 0],
  [false, 380_271_409, 3_044_053],
  [false, 387_791_247, -116_757_279],
  [false, 27_762_086_907, 27_252_678_407],
  [false, 27_923_649_911, 27_415_706_724],
  [true, 28_028_558_018, 27_527_495_025],
  [false, 28_042_095_409, 27_533_959_248],
  [true, 28_152_431_603, 27_650_642_205],
  [false, 28_165_337_859, 27_656_556_506],
  [true, 28_210_061_565, 27_708_735_537],
  [false, 28_221_801_719, 27_714_957_178],
  [true, 28_357_140_450, 27_854_461_137],
  [true, 28_361_192_691, 27_859_989_064],
  [true, 28_508_419_997, 27_589_587_136],
  [true, 28_632_164_466, 27_712_796_127],
  [true, 29_922_389_039, 29_004_602_371],
] as const;

it("a slice that was cut where the clock was set back twice is not cut there again", async () => {
  const [inside, outside]: [Stamped[], Stamped[]] = [[], []];
  for (const [n, [isOutbound, insideNs, outsideNs]] of PASSED.entries()) {
    const text = `what is only said by number ${n}, and by no other`;
    const of = (ends: { src: string; dst: string }, ttl: number) =>
      datagram({
        ...ends,
        srcPort: isOutbound ? 40_000 : 53,
        dstPort: isOutbound ? 53 : 40_000,
        ipId: n + 1,
        ttl,
        text,
      });
    inside.push({
      ns: 1e9 + insideNs,
      packet: isOutbound ? of({ src: CONTAINER, dst: SERVER }, 64) : of({ src: SERVER, dst: CONTAINER }, 49),
    });
    outside.push({
      ns: 1e9 + outsideNs,
      packet: isOutbound ? of({ src: HOST, dst: SERVER }, 63) : of({ src: SERVER, dst: HOST }, 50),
    });
  }
  // in the order of the frames, which the stamps go back from
  const swapped = [2, 0, 1].map((n) => outside[n]);
  const { pairs } = await correlated(inside, [...swapped, ...outside.slice(3)]);
  expect(pairs.length).toBeGreaterThan(10);
});
