import { expect, it } from "vitest";
import { randomFrom } from "../support/random.js";
import { correlated, type Stamped, us } from "./outcome.js";
import { CONTAINER, conversation, datagram, HOST, merged, SERVER } from "./traffic.js";

/** A heartbeat: always the same bytes, and no IP ID. */
const beat = (src: string, ttl: number) =>
  datagram({ src, dst: SERVER, srcPort: 4000, dstPort: 5000, ipId: 0, ttl, text: "alive" });

const LENGTH = beat(CONTAINER, 64).length;
const EVERY_US = 1500;
const BEATS = 1400;
/** One beat of so many is lost, and one is missed as it enters. */
const ONE_IN = 40;

/** Beats of one flow, beside traffic that vouches for the clocks: which are paired, by when they passed, and which are twins. */
async function paired() {
  const tcp = conversation(3000, { everyUs: 750, srcPort: 33_000, insideSrc: "172.17.0.9" });
  const random = randomFrom(1);
  const beats: { readonly inside: Stamped[]; readonly outside: Stamped[] } = { inside: [], outside: [] };
  const truth = new Map<number, number>();
  for (let n = 0; n < BEATS; n++) {
    const enteredUs = 100_000 + n * EVERY_US + Math.floor(300 * random());
    const leftUs = enteredUs + 8 + Math.floor(20 * random());
    const [isLost, isMissed] = [ONE_IN * random() < 1, ONE_IN * random() < 1];
    if (!isMissed) beats.inside.push(us(enteredUs, beat(CONTAINER, 64)));
    if (!isLost) beats.outside.push(us(leftUs, beat(HOST, 63)));
    if (!isMissed && !isLost) truth.set(enteredUs, leftUs);
  }
  const [inside, outside] = [merged(tcp.inside, beats.inside), merged(tcp.outside, beats.outside)];
  const outcome = await correlated(inside, outside, { clock: { kind: "none" } });
  const twins = outcome.twins
    .filter(([i]) => inside[i - 1].packet.length === LENGTH)
    .map(([i, o]) => [inside[i - 1].ns / 1000, outside[o - 1].ns / 1000]);
  return { twins, truth };
}

it("equal packets are paired beside others that were lost, and missed, as often one way round as the other: none was held up", async () => {
  const { twins, truth } = await paired();
  expect(twins.filter(([enteredUs, leftUs]) => truth.get(enteredUs) !== leftUs)).toEqual([]);
  expect(twins.length).toBeGreaterThan(0.9 * truth.size);
});
