import { expect, it } from "vitest";
import { ms, outcomeOf } from "./outcome.js";
import { conversation, datagram, HOST, merged, OTHER, SERVER } from "./traffic.js";

/** Segments of a known conversation: half of them go outbound, and take 20 µs. */
const TALK = 400;

const asked = (isInside: boolean, nth: number) =>
  datagram({
    src: isInside ? OTHER : HOST,
    srcPort: isInside ? 123 : 19_529,
    dst: SERVER,
    dstPort: 123,
    ipId: 0,
    ttl: isInside ? 64 : 63,
    text: `what time is it, asked for the ${nth}. time`,
  });

/** `spreadUs`: how much longer than the quickest the slowest outbound segments of the known conversation take, all times in between as often. */
async function pairsTaking(us: number, spreadUs = 0): Promise<number> {
  const talk = conversation(TALK, { everyUs: 4000 });
  const laterNs = (n: number) => (n % 2 === 0 ? 1000 * spreadUs * ((n % 16) / 14) : 0);
  const known = talk.outside.map(({ ns, packet }, n) => ({ packet, ns: ns + laterNs(n) }));
  const inside = [0, 1].map((nth) => ms(2000 + 900 * nth, asked(true, nth)));
  const outside = [0, 1].map((nth) => ms(2000 + 900 * nth + us / 1000, asked(false, nth)));
  const { pairs } = await outcomeOf(merged(talk.inside, inside), merged(known, outside), { clock: { kind: "none" } });
  return pairs.length - TALK;
}

it("what took longer than any packet before says less for a translation", async () => {
  expect(await pairsTaking(25)).toBe(2);
  expect(await pairsTaking(90)).toBe(0);
});

it("… unless packets before it took longer than others by as much", async () => {
  expect(await pairsTaking(90, 40)).toBe(2);
  expect(await pairsTaking(300, 40)).toBe(0);
});
